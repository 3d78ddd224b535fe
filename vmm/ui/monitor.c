/* SPDX-License-Identifier: GPL-2.0-only */
/* The console that one lives in: a command line on COM1, served by the boot core between guests. */
#include "base/format.h"
#include "base/hw/cpu.h"
#include "base/log.h"
#include "base/string.h"
#include "vmm/config/parser.h"
#include "vmm/ui/com1.h"
#include "vmm/ui/console.h"
#include "vmm/ui/monitor.h"

#define CONSOLE        1
#define BYTES_PER_POLL 64   /* a whole line may have been pasted; guests wait meanwhile */
#define CYCLE_KEY      0x1d /* Ctrl-] */
#define SEPARATOR      ';'  /* between the commands of a line */
#define REFUSAL_BYTES  320  /* what a struct why has to say fits */

static command_fn command_help;

static const struct command commands[] = {
	{ "help", "[command]", "this list, or one of its lines", 0, 1, command_help },
	{ "topology", "", "the fabric as a tree: bridges, PFs, VFs and whose they are", 0, 0,
	  command_topology },
	{ "features", "", "what this machine has and lacks, and what that costs", 0, 0,
	  command_features },
	{ "acs", "", "Access Control Services of every port: on and missing", 0, 0, command_acs },
	{ "groups", "", "functions that cannot be isolated from each other", 0, 0, command_groups },
	{ "pf", "", "Physical Functions: driver, VFs, offset, stride, BARs", 0, 0, command_pf },
	{ "vf", "[<pf>/<index> [cfg]]", "VFs; one of them; its config space: device, guest, source",
	  0, 2, command_vf },
	{ "dmar", "[walk] <vf or rid> <address>",
	  "where an address on the bus leads; table by table", 2, 3, command_dmar },
	{ "mbx", "trace [<pf>/<index>]", "the last messages between VFs and their PF", 1, 2,
	  command_mbx },
	{ "irq", "", "interrupt routes: VF vector, IRTE, host vector, guest vector", 0, 0,
	  command_irq },
	{ "vm", "[<action> <name>]", "VMs; start, stop, restart, destroy, console or cycle one", 0,
	  3, command_vm },
	{ "console", "[mode all|focused]", "whose lines are shown beside those of who is in focus",
	  0, 2, command_console },
	{ "stats", "", "exits, interrupts and frames per VM", 0, 0, command_stats },
	{ "memory", "", "the page pool by owner", 0, 0, command_memory },
	{ "faults", "", "what the IOMMU has blocked", 0, 0, command_faults },
	{ "log", "", "the last lines of the log", 0, 0, command_log },
	{ "report", "", "write report.json", 0, 0, command_report },
	{ "crash", "bug|fault", "stop the machine on purpose, to see its crash record", 1, 1,
	  command_crash },
	{ "poweroff", "", "write report.json and switch the machine off", 0, 0, command_poweroff },
};

static struct line_edit editor;
static bool refused; /* a command of this line was */

void monitor_refuse(const char *fmt, ...)
{
	char text[REFUSAL_BYTES];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	log_text("%s\n", text);
	refused = true;
}

static void show_usage(const struct command *c)
{
	log_text("  %-9s %-29s %s\n", c->name, c->arguments, c->help);
}

static const struct command *find_command(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void say_unknown(const char *name)
{
	const char *meant = nearest_name(name, commands, ARRAY_LEN(commands), sizeof(commands[0]));

	if (meant)
		monitor_refuse("no command '%s'; did you mean %s?", name, meant);
	else
		monitor_refuse("no command '%s'; 'help' lists them", name);
}

static void command_help(unsigned words, char *const word[MONITOR_WORDS])
{
	const struct command *c = words ? find_command(word[0]) : NULL;

	if (c)
		show_usage(c);
	else if (words)
		say_unknown(word[0]);
	for (unsigned i = 0; !words && i < ARRAY_LEN(commands); i++)
		show_usage(&commands[i]);
	if (!words)
		log_text("Several commands on one line: vm stop a; vm start a\n");
}

static void run(unsigned words, char *const word[MONITOR_WORDS])
{
	const struct command *c = find_command(word[0]);
	unsigned arguments = words - 1;

	if (!c)
		say_unknown(word[0]);
	else if (arguments < c->min_words || arguments > c->max_words)
		monitor_refuse("expected: %s %s", c->name, c->arguments);
	else
		c->run(arguments, word + 1);
}

/* Words in place; more than there is room for are one too many for any command. */
static void run_command(char *text)
{
	char *word[MONITOR_WORDS + 1] = { NULL };
	unsigned words = 0;

	for (char *rest; text && words < MONITOR_WORDS; text = rest) {
		rest = cut(text, ' ');
		if (*text)
			word[words++] = text;
	}
	if (words)
		run(words, word);
}

/* What comes behind a command that was refused may have counted on it. */
static void run_line(char *text)
{
	refused = false;
	for (char *rest; text && !refused; text = rest) {
		rest = cut(text, SEPARATOR);
		run_command(text);
	}
	while (text && *text == ' ')
		text++;
	if (text && *text)
		log_text("not carried out: %s\n", text);
}

/* The rest of the only command that the last one of the line can become. */
static const char *complete(const char *text, size_t len)
{
	const char *found = NULL;
	size_t from = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] == SEPARATOR || (text[i] == ' ' && from == i))
			from = i + 1;
	for (unsigned i = 0; i < ARRAY_LEN(commands); i++) {
		if (strncmp(commands[i].name, text + from, len - from) != 0)
			continue;
		if (found)
			return "";
		found = commands[i].name + len - from;
	}
	return found ? found : "";
}

/* The console's lock is held: the editor runs under it. */
static void echo(const char *text, size_t len)
{
	com1_write(text, len);
}

static bool is_open(void)
{
	return editor.prompt != NULL;
}

void monitor_open(void)
{
	if (is_open())
		return;
	line_edit_init(&editor, "coppice> ", echo);
	editor.complete = complete;
	log_text("\nThe monitor listens; 'help' lists its commands, Ctrl-] goes on to the VMs.\n");
	console_attach(&editor);
	console_prompt();
}

static void take_key(u8 byte)
{
	if (byte == CYCLE_KEY) {
		console_cycle();
	} else if (console_focused()) {
		console_vm_key(byte);
	} else if (console_key(byte)) {
		run_line(editor.text);
		/* The command may have moved the focus. */
		if (!console_focused())
			console_prompt();
	}
}

void monitor_poll(void)
{
	console_vm_keys_service();
	cycle_service();
	for (unsigned i = 0; i < BYTES_PER_POLL; i++) {
		int byte = serial_read(CONSOLE);

		if (byte < 0)
			return;
		if (!is_open()) {
			monitor_open(); /* the first key only opens it */
			if (byte != CYCLE_KEY)
				continue;
		}
		take_key((u8)byte);
	}
}
