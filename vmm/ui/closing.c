/* SPDX-License-Identifier: GPL-2.0-only */
/* The table at the end of a run: a column per VM, so that names of exit reasons need no
 * abbreviation. */
#include "base/format.h"
#include "base/string.h"
#include "vmm/ui/report.h"
#include "vmm/ui/summary.h"

#define LABEL_WIDTH 26
#define CELL_WIDTH  12
#define BLOCK_VMS   6 /* LABEL_WIDTH + 6 * CELL_WIDTH = 98 columns */
#define LINE_BYTES  128
#define CELL_BYTES  24
#define HUNDREDTHS  100u

/* One block being printed. */
struct block {
	const struct vm_summary *vm;
	unsigned count;
	void (*line)(const char *);
};

typedef void cell_fn(const struct vm_summary *vm, char buf[CELL_BYTES]);

static void put_line(const struct block *b, const char *label, char cells[BLOCK_VMS][CELL_BYTES])
{
	char text[LINE_BYTES];
	int len = format(text, sizeof(text), "%-*s", LABEL_WIDTH, label);

	for (unsigned i = 0; i < b->count; i++)
		len += format(text + len, sizeof(text) - (size_t)len, " %*s", CELL_WIDTH - 1,
			      cells[i]);
	b->line(text);
}

static void put_row(const struct block *b, const char *label, cell_fn *cell)
{
	char cells[BLOCK_VMS][CELL_BYTES];

	for (unsigned i = 0; i < b->count; i++)
		cell(&b->vm[i], cells[i]);
	put_line(b, label, cells);
}

/* Longer names keep their end, which is where they differ. */
static void cell_name(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	size_t len = strlen(vm->name);

	if (len < CELL_WIDTH)
		format(buf, CELL_BYTES, "%s", vm->name);
	else
		format(buf, CELL_BYTES, "~%s", vm->name + len - (CELL_WIDTH - 2));
}

static void cell_state(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	format(buf, CELL_BYTES, "%s", vm_state_name(vm->state));
}

static void cell_status(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	if (vm->state == VM_ENDED)
		format(buf, CELL_BYTES, "%lld", (long long)vm->exit_status);
	else
		format(buf, CELL_BYTES, "-");
}

/* A VM that never ran has no counts, which is not the same as having counted nothing. */
static void put_count(const struct vm_summary *vm, char buf[CELL_BYTES], u64 value)
{
	if (vm->state == VM_REFUSED)
		format(buf, CELL_BYTES, "-");
	else
		format(buf, CELL_BYTES, "%llu", (unsigned long long)value);
}

static void cell_total(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_count(vm, buf, vm->exits_total);
}

static void cell_forwarded(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_count(vm, buf, vm->forwarded);
}

static void cell_injected(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_count(vm, buf, vm->injected);
}

static void put_frames(const struct vm_summary *vm, char buf[CELL_BYTES], u64 value)
{
	if (vm->has_frames)
		put_count(vm, buf, value);
	else
		format(buf, CELL_BYTES, "-");
}

static void cell_sent(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_frames(vm, buf, vm->sent);
}

static void cell_received(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_frames(vm, buf, vm->received);
}

static void put_quotient(char buf[CELL_BYTES], u64 part, u64 whole)
{
	u64 rest = whole ? (part % whole * HUNDREDTHS + whole / 2) / whole : 0;

	if (whole)
		format(buf, CELL_BYTES, "%llu.%02llu",
		       (unsigned long long)(part / whole + rest / HUNDREDTHS),
		       (unsigned long long)(rest % HUNDREDTHS));
	else
		format(buf, CELL_BYTES, "-");
}

static void cell_per_frame(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_quotient(buf, vm->exits_total, vm->sent + vm->received);
}

static void cell_commands(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	if (vm->has_commands)
		put_count(vm, buf, vm->commands);
	else
		format(buf, CELL_BYTES, "-");
}

static void cell_per_command(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_quotient(buf, vm->exits_total, vm->commands);
}

static void cell_per_interrupt(const struct vm_summary *vm, char buf[CELL_BYTES])
{
	put_quotient(buf, interrupt_exits(vm), interrupts_to_divide_by(vm));
}

static u64 block_exits(const struct block *b, unsigned reason)
{
	u64 sum = 0;

	for (unsigned i = 0; i < b->count; i++)
		sum += b->vm[i].exits[reason];
	return sum;
}

/* The reason with most exits that `shown` lacks, or EXIT_REASONS. */
static unsigned next_reason(const struct block *b, const bool shown[EXIT_REASONS])
{
	unsigned best = EXIT_REASONS;

	for (unsigned i = 0; i < EXIT_REASONS; i++)
		if (!shown[i] && block_exits(b, i) &&
		    (best == EXIT_REASONS || block_exits(b, i) > block_exits(b, best)))
			best = i;
	return best;
}

static void put_exits(const struct block *b)
{
	char cells[BLOCK_VMS][CELL_BYTES], label[LABEL_WIDTH], key[EXIT_KEY_BYTES];
	bool shown[EXIT_REASONS] = { false };
	unsigned reason;

	put_row(b, "VM exits", cell_total);
	while ((reason = next_reason(b, shown)) != EXIT_REASONS) {
		format(label, sizeof(label), "  %s", exit_reason_key(reason, key, sizeof(key)));
		for (unsigned i = 0; i < b->count; i++)
			put_count(&b->vm[i], cells[i], b->vm[i].exits[reason]);
		put_line(b, label, cells);
		shown[reason] = true;
	}
}

static bool is_any(const struct vm_summary *vm)
{
	(void)vm;
	return true;
}

static bool has_frames(const struct vm_summary *vm)
{
	return vm->has_frames;
}

static bool has_commands(const struct vm_summary *vm)
{
	return vm->has_commands;
}

static bool has_vf_interrupts(const struct vm_summary *vm)
{
	return vm->forwarded != 0;
}

/* A row is worth its line if any VM of the block has something to say in it. */
struct row {
	const char *label;
	cell_fn *cell;
	bool (*worth)(const struct vm_summary *vm);
};
static const struct row head_rows[] = {
	{ "", cell_name, is_any },
	{ "state", cell_state, is_any },
	{ "exit status", cell_status, is_any },
};
static const struct row tail_rows[] = {
	{ "VF interrupts forwarded", cell_forwarded, has_vf_interrupts },
	{ "interrupts injected", cell_injected, is_any },
	{ "frames sent", cell_sent, has_frames },
	{ "frames received", cell_received, has_frames },
	{ "exits per frame", cell_per_frame, has_frames },
	{ "disk commands", cell_commands, has_commands },
	{ "exits per command", cell_per_command, has_commands },
	{ "exits per interrupt", cell_per_interrupt, has_vf_interrupts },
};

static void put_rows(const struct block *b, const struct row *rows, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		bool worth = false;

		for (unsigned v = 0; v < b->count; v++)
			worth |= rows[i].worth(&b->vm[v]);
		if (worth)
			put_row(b, rows[i].label, rows[i].cell);
	}
}

static void put_block(const struct block *b)
{
	put_rows(b, head_rows, ARRAY_LEN(head_rows));
	put_exits(b);
	put_rows(b, tail_rows, ARRAY_LEN(tail_rows));
	b->line("");
}

/* The cause of each end that was no success, whole: 320 characters of refusal do not fit a column.
 */
static void put_causes(const struct vm_summary *vm, unsigned count, void (*line)(const char *))
{
	char text[LINE_BYTES * 4];

	for (unsigned i = 0; i < count; i++) {
		bool failed = vm[i].state == VM_REFUSED ||
			      (vm[i].state == VM_ENDED && vm[i].exit_status != 0);

		if (!failed || !vm[i].text[0])
			continue;
		format(text, sizeof(text), "%s %s: %s", vm[i].name,
		       vm[i].state == VM_REFUSED ? "refused" : "failed", vm[i].text);
		line(text);
	}
}

static const char *const frame_legend[] = {
	"exits per frame      all exits / frames sent and received. Doorbells and DMA are no "
	"exits: the VF's",
	"                     registers are mapped into the guest and the IOMMU translates its "
	"DMA;",
	"                     EPT_VIOLATION is config space and the MSI-X table, which are set-up.",
};
static const char *const command_legend[] = {
	"exits per command    all exits / commands to a disk. Its I/O doorbells share a page with "
	"those of the",
	"                     admin queue, which is mediated: each ring is an EPT_VIOLATION; data "
	"is DMA.",
};
static const char *const interrupt_legend[] = {
	"exits per interrupt  EXTERNAL_INTERRUPT + INTERRUPT_WINDOW + MSR_WRITE (EOI, timer) / "
	"injected:",
	"                     delivery and acknowledgement.",
};

/* The legend explains only what the table shows. */
static void put_legend(const struct vm_summary *vm, unsigned count, void (*line)(const char *))
{
	bool frames = false, commands = false, interrupts = false;

	for (unsigned i = 0; i < count; i++) {
		frames |= vm[i].has_frames;
		commands |= vm[i].has_commands;
		interrupts |= vm[i].forwarded != 0;
	}
	for (unsigned i = 0; frames && i < ARRAY_LEN(frame_legend); i++)
		line(frame_legend[i]);
	for (unsigned i = 0; commands && i < ARRAY_LEN(command_legend); i++)
		line(command_legend[i]);
	for (unsigned i = 0; interrupts && i < ARRAY_LEN(interrupt_legend); i++)
		line(interrupt_legend[i]);
}

void closing_table(const struct vm_summary *vm, unsigned count, void (*line)(const char *text))
{
	for (unsigned first = 0; first < count; first += BLOCK_VMS) {
		unsigned in_block = MIN(count - first, (unsigned)BLOCK_VMS);
		struct block b = { .vm = vm + first, .count = in_block, .line = line };

		put_block(&b);
	}
	put_legend(vm, count, line);
	put_causes(vm, count, line);
}
