/* SPDX-License-Identifier: GPL-2.0-only */
#include "lspci.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OUTPUT_BYTES (1024 * 1024)
#define LINE_BYTES   16

static char path[] = "/tmp/coppice-lspci-XXXXXX";
static FILE *dump;
static char output[OUTPUT_BYTES], section[OUTPUT_BYTES];

void dump_begin(void)
{
	int fd;

	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	dump = fdopen(fd, "w");
	assert_non_null(dump);
}

void dump_add(struct rid rid, u8 (*read)(const void *ctx, unsigned offset), const void *ctx)
{
	fprintf(dump, RID_FMT " function\n", RID_ARG(rid));
	for (unsigned at = 0; at < FAKE_CONFIG_BYTES; at += LINE_BYTES) {
		fprintf(dump, "%02x:", at);
		for (unsigned i = 0; i < LINE_BYTES; i++)
			fprintf(dump, " %02x", read(ctx, at + i));
		fprintf(dump, "\n");
	}
	fprintf(dump, "\n");
}

static u8 read_ecam(const void *ctx, unsigned offset)
{
	return pci_read8(*(const struct rid *)ctx, (u16)offset);
}

void dump_fabric(void)
{
	for (unsigned i = 0; i < pci_function_count(); i++)
		dump_add(pci_function(i)->rid, read_ecam, &pci_function(i)->rid);
}

void lspci_run(void)
{
	char command[128];

	fclose(dump);
	snprintf(command, sizeof(command), "lspci -F %s -D -n -vvv 2>&1", path);
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	size_t len = fread(output, 1, sizeof(output) - 1, pipe);

	output[len] = '\0';
	int status = pclose(pipe);

	unlink(path);
	if (status != 0)
		fail_msg("'%s' ended with %d: %s (Debian package pciutils)", command, status,
			 output);
}

const char *lspci_of(struct rid rid)
{
	char name[32];
	const char *from, *to;

	snprintf(name, sizeof(name), RID_FMT " ", RID_ARG(rid));
	from = strstr(output, name);
	if (!from)
		fail_msg("lspci does not show %s:\n%s", name, output);
	to = strstr(from, "\n\n");
	snprintf(section, sizeof(section), "%.*s", to ? (int)(to - from) : (int)strlen(from), from);
	return section;
}

void assert_lspci_says(struct rid rid, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!strstr(lspci_of(rid), text))
		fail_msg("lspci does not say '%s', but\n%s", text, section);
}

void assert_lspci_does_not_say(struct rid rid, const char *text)
{
	if (strstr(lspci_of(rid), text))
		fail_msg("lspci says '%s':\n%s", text, section);
}
