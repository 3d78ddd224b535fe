/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes are a coppice.cfg: the parser reads only those, and what it leaves behind holds its own
 * promises. */
#include <stdlib.h>
#include <string.h>

#include "vmm/config/config.h"

static struct config parsed;

static void require(int condition)
{
	if (!condition)
		abort();
}

static void require_text(const char *text, size_t size)
{
	require(strnlen(text, size) < size);
}

static void require_vm(const struct vm_config *vm)
{
	require_text(vm->name, sizeof(vm->name));
	require_text(vm->kernel, sizeof(vm->kernel));
	require_text(vm->initrd, sizeof(vm->initrd));
	require_text(vm->cmdline, sizeof(vm->cmdline));
	require(vm->name[0] && vm->line);
	require(vm->mem && vm->mem % PAGE_SIZE == 0 && vm->mem <= GUEST_RAM_LIMIT);
	require(vm->cpus >= 1 && vm->cpus <= CONFIG_VCPUS_PER_VM);
	require(vm->vf_count <= CONFIG_VFS_PER_VM);
	require(vm->broken || vm->kernel[0]);
	for (unsigned i = 0; i < vm->vf_count; i++) {
		require_text(vm->vf[i].name, sizeof(vm->vf[i].name));
		require_text(vm->vf[i].token, sizeof(vm->vf[i].token));
		require(vm->vf[i].policy.trunk_count <= ARRAY_LEN(vm->vf[i].policy.trunk));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum err e = config_parse((const char *)data, size, &parsed);

	require((e == OK) == (parsed.error_count == 0));
	require(parsed.vm_count <= CONFIG_VMS && parsed.error_count <= CONFIG_ERRORS);
	require(parsed.override_count <= CONFIG_OVERRIDES);
	for (unsigned i = 0; i < parsed.vm_count; i++)
		require_vm(&parsed.vm[i]);
	for (unsigned i = 0; i < parsed.error_count; i++) {
		require_text(parsed.error[i].text, sizeof(parsed.error[i].text));
		require_text(parsed.error[i].vm, sizeof(parsed.error[i].vm));
	}
	return 0;
}
