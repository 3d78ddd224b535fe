/* SPDX-License-Identifier: GPL-2.0-only */
/* coppice.cfg, line by line. What may stand on a line is in two tables: vm_keys[] and options[]. */
#include "base/format.h"
#include "base/string.h"
#include "vmm/config/parser.h"

#define DEFAULT_MEM (64 * MiB)
#define UTF8_BOM    "\xef\xbb\xbf" /* some editors begin a text file with it */

/* A key=value of a "vm" line. set() returns NULL, or what it expected. */
struct vm_key {
	const char *name;
	const char *(*set)(struct line *l, char *value);
	bool repeats;
};

static const char *set_name(struct line *l, char *value)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	for (const char *c = value; *c; c++)
		if (!strchr(allowed, *c))
			return "expected letters, digits, '-', '_' and '.' (the VM's log file has "
			       "this name)";
	if (!*value || *value == '-' || *value == '.')
		return "expected a name that begins with a letter, a digit or '_'";
	for (unsigned i = 0; i < l->out->vm_count; i++)
		if (&l->out->vm[i] != l->vm && strcmp(l->out->vm[i].name, value) == 0)
			return "expected a new name: a line above has used this one";
	if (!copy_text(l->vm->name, sizeof(l->vm->name), value))
		return "expected a name of at most 31 characters";
	return NULL;
}
_Static_assert(CONFIG_NAME_BYTES == 32, "set_name's message says 31 characters");

static const char *set_file(char to[BOOT_NAME_BYTES], const char *value)
{
	if (!*value || !copy_text(to, BOOT_NAME_BYTES, value))
		return "expected a file name of 1 to 95 characters, as the boot loader names the "
		       "module";
	return NULL;
}
_Static_assert(BOOT_NAME_BYTES == 96, "set_file's message says 95 characters");

static const char *set_kernel(struct line *l, char *value)
{
	return set_file(l->vm->kernel, value);
}

static const char *set_initrd(struct line *l, char *value)
{
	return set_file(l->vm->initrd, value);
}

static const char *set_cmdline(struct line *l, char *value)
{
	return copy_text(l->vm->cmdline, sizeof(l->vm->cmdline), value)
		       ? NULL
		       : "expected at most 511 characters";
}
_Static_assert(CONFIG_CMDLINE_BYTES == 512, "set_cmdline's message says 511 characters");

static const char *set_mem(struct line *l, char *value)
{
	u64 size;

	if (!parse_size(value, &size))
		return "expected a size such as 32M or 1G";
	if (!size || !IS_ALIGNED(size, PAGE_SIZE))
		return "expected whole pages: a multiple of 4K, not 0";
	/* Above 3 GiB are the guest's device windows (base/guest_abi.h): a BAR must never lie over
	 * RAM (R5). */
	if (size > GUEST_RAM_LIMIT)
		return "expected at most 3G: a guest's devices begin there";
	l->vm->mem = size;
	return NULL;
}
_Static_assert(GUEST_RAM_LIMIT == 3 * GiB, "set_mem's message says 3G");

static const char *set_cpus(struct line *l, char *value)
{
	u64 cpus;

	if (!parse_number(value, CONFIG_VCPUS_PER_VM, &cpus) || !cpus)
		return "expected a number of vCPUs from 1 to 16";
	l->vm->cpus = (unsigned)cpus;
	return NULL;
}
_Static_assert(CONFIG_VCPUS_PER_VM == 16, "set_cpus's message says 16");

static const char *set_irq(struct line *l, char *value)
{
	static const struct choice modes[] = { { "forward", IRQ_FORWARD },
					       { "direct", IRQ_DIRECT } };
	int mode;

	if (!parse_choice(value, modes, ARRAY_LEN(modes), &mode))
		return "expected forward or direct";
	l->vm->irq = (enum irq_mode)mode;
	return NULL;
}

static const char *set_vf(struct line *l, char *value)
{
	parse_vf(l, value);
	return NULL;
}

enum {
	KEY_NAME,
	KEY_KERNEL,
	KEY_INITRD,
	KEY_CMDLINE,
	KEY_MEM,
	KEY_CPUS,
	KEY_VF,
	KEY_IRQ
};

static const struct vm_key vm_keys[] = {
	[KEY_NAME] = { "name", set_name, false },
	[KEY_KERNEL] = { "kernel", set_kernel, false },
	[KEY_INITRD] = { "initrd", set_initrd, false },
	[KEY_CMDLINE] = { "cmdline", set_cmdline, false },
	[KEY_MEM] = { "mem", set_mem, false },
	[KEY_CPUS] = { "cpus", set_cpus, false },
	[KEY_VF] = { "vf", set_vf, true },
	[KEY_IRQ] = { "irq", set_irq, false },
};
#define VM_KEYS_TEXT "name, kernel, initrd, cmdline, mem, cpus, vf, irq"

static const struct choice idle_actions[] = { { "poweroff", IDLE_POWEROFF },
					      { "monitor", IDLE_MONITOR } };
static const struct choice report_ports[] = { { "com1", true }, { "com2", false } };

static const char *set_idle(struct line *l, char *value)
{
	int action;

	if (!parse_choice(value, idle_actions, ARRAY_LEN(idle_actions), &action))
		return "expected poweroff or monitor";
	l->out->idle = (enum idle_action)action;
	return NULL;
}

static const char *set_report(struct line *l, char *value)
{
	int com1;

	if (!parse_choice(value, report_ports, ARRAY_LEN(report_ports), &com1))
		return "expected com1 or com2";
	l->out->report_com1 = com1;
	return NULL;
}

static const char *set_irq_budget(struct line *l, char *value)
{
	u64 budget;

	if (!parse_number(value, CONFIG_IRQ_BUDGET_MAX, &budget) || !budget)
		return "expected a number of interrupts in 10 ms, from 1 to 100000";
	l->out->irq_budget = (u32)budget;
	return NULL;
}
_Static_assert(CONFIG_IRQ_BUDGET_MAX == 100000, "set_irq_budget's message says 100000");

static const char *set_unsafe_acs(struct line *l, char *value)
{
	struct rid rid;

	if (!parse_rid(value, &rid))
		return "expected the bridge's address such as 0000:00:03.0";
	for (unsigned i = 0; i < l->out->override_count; i++)
		if (rid_equal(l->out->unsafe_acs[i], rid))
			return NULL;
	if (l->out->override_count == CONFIG_OVERRIDES)
		return "expected at most 16 different unsafe_acs=";
	l->out->unsafe_acs[l->out->override_count++] = rid;
	return NULL;
}
_Static_assert(CONFIG_OVERRIDES == 16, "set_unsafe_acs's message says 16");

static const struct vm_key options[] = {
	{ "idle", set_idle, true },
	{ "report", set_report, true },
	{ "irq_budget", set_irq_budget, true },
	{ "unsafe_acs", set_unsafe_acs, true },
};
#define OPTIONS_TEXT "idle, report, irq_budget, unsafe_acs"

static void unknown_key(struct line *l, const char *token, const char *key,
			const struct vm_key *keys, unsigned count, const char *all)
{
	const char *meant = nearest_name(key, keys, count, sizeof(keys[0]));

	if (meant)
		complain(l, token, "unknown; expected %s= (did you mean that?); known: %s", meant,
			 all);
	else
		complain(l, token, "unknown; expected key=value with one of: %s", all);
}

/* One key=value word by a table. `seen` has a bit per key that came before. */
static void parse_key(struct line *l, char *word, const struct vm_key *keys, unsigned count,
		      const char *all, u32 *seen)
{
	char token[WORD_BYTES];
	const char *expected;
	char *value;

	memcpy(token, word, strlen(word) + 1);
	value = cut(word, '=');
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(word, keys[i].name) != 0)
			continue;
		if (!value)
			complain(l, token, "expected %s=<value>", word);
		else if ((*seen & BIT(i)) && !keys[i].repeats)
			complain(l, token, "expected %s= only once on a line", word);
		else if ((expected = keys[i].set(l, value)))
			complain(l, token, "%s", expected);
		*seen |= BIT(i);
		return;
	}
	unknown_key(l, token, word, keys, count, all);
}

/* All words that are left. Returns the bits of the keys that were there; all bits if the line could
 * not be read to its end. */
static u32 parse_words(struct line *l, char word[WORD_BYTES], const struct vm_key *keys,
		       unsigned count, const char *all)
{
	enum word found;
	u32 seen = 0;

	while ((found = next_word(l, word)) == WORD_FOUND)
		parse_key(l, word, keys, count, all, &seen);
	return found == WORD_BAD ? ~0u : seen;
}

/* Errors of a line that came before its name= are the VM's, too. */
static void attribute_errors(struct line *l)
{
	for (unsigned i = l->first_error; i < l->out->error_count; i++)
		if (l->out->error[i].line == l->number)
			memcpy(l->out->error[i].vm, l->vm->name, sizeof(l->vm->name));
}

static void parse_vm(struct line *l, char word[WORD_BYTES])
{
	u32 seen;

	if (l->out->vm_count == CONFIG_VMS) {
		complain(l, word, "expected at most %u VMs", CONFIG_VMS);
		return;
	}
	l->vm = &l->out->vm[l->out->vm_count++];
	l->vm->line = l->number;
	l->vm->mem = DEFAULT_MEM;
	l->vm->cpus = 1;
	seen = parse_words(l, word, vm_keys, ARRAY_LEN(vm_keys), VM_KEYS_TEXT);
	if (!(seen & BIT(KEY_NAME)))
		complain(l, "vm", "expected name=<name> on this line");
	if (!(seen & BIT(KEY_KERNEL)))
		complain(l, "vm", "expected kernel=<file> on this line");
	l->vm->broken = l->bad;
	/* A VM needs a name in every table; this one cannot be written in a file. */
	if (!l->vm->name[0])
		format(l->vm->name, sizeof(l->vm->name), "(line %u)", l->number);
	attribute_errors(l);
}

static void parse_line(struct line *l)
{
	static const char *const kinds[] = { "vm", "option", "unsafe_acs=" };
	char word[WORD_BYTES];
	const char *meant;
	u32 seen = 0;

	if (next_word(l, word) != WORD_FOUND)
		return;
	if (strcmp(word, "vm") == 0) {
		parse_vm(l, word);
	} else if (strcmp(word, "option") == 0) {
		parse_words(l, word, options, ARRAY_LEN(options), OPTIONS_TEXT);
	} else if (strncmp(word, "unsafe_acs=", strlen("unsafe_acs=")) == 0) {
		parse_key(l, word, options, ARRAY_LEN(options), OPTIONS_TEXT, &seen);
		parse_words(l, word, options, ARRAY_LEN(options), OPTIONS_TEXT);
	} else {
		meant = nearest_name(word, kinds, ARRAY_LEN(kinds), sizeof(kinds[0]));
		complain(l, word,
			 "expected a line that begins with vm, option or unsafe_acs=%s%s%s",
			 meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
	}
}

enum err config_parse(const char *text, size_t len, struct config *out)
{
	const char *at = len ? text : "", *end = at + len;
	bool good = true;

	memset(out, 0, sizeof(*out));
	out->irq_budget = CONFIG_IRQ_BUDGET;
	if (len >= strlen(UTF8_BOM) && memcmp(at, UTF8_BOM, strlen(UTF8_BOM)) == 0)
		at += strlen(UTF8_BOM);
	for (unsigned number = 1; at < end; number++) {
		struct line l = {
			.at = at, .number = number, .out = out, .first_error = out->error_count
		};

		while (at < end && *at != '\n')
			at++;
		l.end = at > l.at && at[-1] == '\r' ? at - 1 : at;
		parse_line(&l);
		good &= !l.bad;
		if (at < end)
			at++;
	}
	return good ? OK : ERR_INVALID;
}
