/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake controllers: registers, an admin queue each, and what of their commands we need. */
#include "fake_nvme.h"

#include <string.h>

#define DNR 0x4000

void fake_nvme_reset(struct fake_nvme *f)
{
	memset(f, 0, sizeof(*f));
	for (unsigned n = 0; n <= FAKE_NVME_VFS; n++) {
		struct fake_controller *c = &f->controller[n];

		*c = (struct fake_controller){ .nvme = f, .cntlid = (u16)n, .cap = FAKE_NVME_CAP };
	}
	f->exists = BIT(1) | BIT(2) | BIT(3) | BIT(5);
	f->holders[1] = BIT(0);
	f->oacs = 0x1aa;
	f->primary = (struct nvme_primary){
		.types = 3,
		.queues = { .total = 8, .private = 5, .each_max = 2, .grain = 1 },
		.interrupts = { .total = 4, .private = 5, .each_max = 1, .grain = 1 },
	};
}

static bool is_primary(const struct fake_controller *c)
{
	return c->cntlid == 0;
}

/* --- commands of the primary controller */

static u16 virtualize(struct fake_nvme *f, const struct nvme_command *cmd)
{
	u32 action = cmd->cdw10 & 0xf, resource = cmd->cdw10 >> 8 & 7, cntlid = cmd->cdw10 >> 16;
	struct fake_controller *c;
	u16 count = (u16)(cmd->cdw11 - f->assigns_one_less);

	if (action == 1 && f->keeps_primary)
		return 0;
	if (action == 1) {
		*(resource ? &f->primary.interrupts.primary : &f->primary.queues.primary) = 0;
		return 0;
	}
	if (cntlid < 1 || cntlid > FAKE_NVME_VFS)
		return 0x11f;
	c = &f->controller[cntlid];
	if (action == 8 && c->online)
		return 0x120;
	if (action == 8 &&
	    cmd->cdw11 > (resource ? f->primary.interrupts.each_max : f->primary.queues.each_max))
		return 0x121;
	if (action == 8)
		*(resource ? &c->interrupts : &c->queues) = count;
	if (action == 7) {
		c->online = false;
		c->queues = c->interrupts = 0;
	}
	if (action == 9 && (c->queues < 2 || c->interrupts < 1) && !f->assigns_one_less)
		return 0x120;
	if (action == 9 && !f->stays_offline && cntlid != f->offline_cntlid)
		c->online = true;
	return 0;
}

static u16 attach(struct fake_nvme *f, const struct nvme_command *cmd, const void *data)
{
	const u16 *list = data;
	u32 bit;

	if (!cmd->nsid || cmd->nsid > FAKE_NVME_NAMESPACES || !(f->exists & BIT(cmd->nsid)))
		return 0x00b;
	if (list[0] != 1 || list[1] > FAKE_NVME_VFS)
		return 0x11c;
	bit = BIT(list[1]);
	if (cmd->cdw10 == 0 && f->holders[cmd->nsid] & bit)
		return 0x118;
	if (cmd->cdw10 == 1 && !(f->holders[cmd->nsid] & bit))
		return 0x11a;
	if (!f->forgets_namespace)
		f->holders[cmd->nsid] ^= bit;
	return 0;
}

/* --- Identify, of any controller */

static void put_secondary_list(struct fake_nvme *f, u16 from, u8 *data)
{
	struct nvme_secondary *entry = (struct nvme_secondary *)(data + 32);

	for (unsigned n = from ? from : 1; n <= FAKE_NVME_VFS; n++) {
		const struct fake_controller *c = &f->controller[n];

		if (n == f->lost_cntlid)
			continue;
		if (f->list_piece && data[0] == f->list_piece)
			return;
		entry[data[0]++] = (struct nvme_secondary){ .cntlid = c->cntlid,
							    .state = c->online,
							    .vf = (u16)n,
							    .queues = c->queues,
							    .interrupts = c->interrupts };
	}
}

static void put_namespaces(struct fake_nvme *f, u32 after, u8 *data)
{
	unsigned n = 0;

	for (u32 nsid = after + 1; nsid <= FAKE_NVME_NAMESPACES; nsid++)
		if (f->exists & BIT(nsid))
			memcpy(data + 4 * n++, &nsid, 4);
}

static void put_holders(struct fake_nvme *f, u32 nsid, u8 *data)
{
	u16 list[FAKE_NVME_VFS + 2] = { 0 };

	for (u16 n = 0; n <= FAKE_NVME_VFS; n++)
		if (f->holders[nsid] & BIT(n))
			list[1 + list[0]++] = n;
	memcpy(data, list, sizeof(list));
}

static u16 identify(struct fake_controller *c, const struct nvme_command *cmd, u8 *data)
{
	struct fake_nvme *f = c->nvme;

	memset(data, 0, IDENTIFY_BYTES);
	switch (cmd->cdw10 & 0xff) {
	case 0x01:
		memset(data, is_primary(c) ? 0 : 0xee, IDENTIFY_BYTES);
		memcpy(data + 78, &c->cntlid, 2);
		memcpy(data + 256, &f->oacs, 2);
		memcpy(data + 516, &(u32){ FAKE_NVME_NAMESPACES }, 4);
		return 0;
	case 0x10: put_namespaces(f, cmd->nsid, data); return 0;
	case 0x12: put_holders(f, cmd->nsid, data); return 0;
	case 0x14: memcpy(data, &f->primary, sizeof(f->primary)); return 0;
	case 0x15: put_secondary_list(f, (u16)(cmd->cdw10 >> 16), data); return 0;
	default: return 0;
	}
}

#define INTERNAL_ERROR 0x006

static u16 execute(struct fake_controller *c, const struct nvme_command *cmd)
{
	struct fake_nvme *f = c->nvme;
	void *data = f->dma(c->cntlid, cmd->prp1, 1);

	if (is_primary(c) ? f->mute : f->vf_mute)
		return FAKE_NVME_NO_ANSWER;
	if (is_primary(c) && fake_step_fails())
		return f->step_is_silent ? FAKE_NVME_NO_ANSWER : INTERNAL_ERROR;
	if (f->refused_status && cmd->opcode == f->refused_opcode &&
	    is_primary(c) != f->refused_by_vfs)
		return f->refused_status;
	if (cmd->opcode == 0x06)
		return data ? identify(c, cmd, data) : 0x004;
	if (cmd->opcode == 0x0c)
		return FAKE_NVME_NO_ANSWER;
	if (is_primary(c) && cmd->opcode == 0x1c)
		return virtualize(f, cmd);
	if (cmd->opcode == 0x15)
		return attach(f, cmd, data);
	return 0;
}

/* --- queues */

void fake_nvme_complete(struct fake_controller *c, u16 cid, u16 status, u32 dw0)
{
	u32 entries = (c->aqa >> 16) + 1;
	struct nvme_completion *entry =
		c->nvme->dma(c->cntlid, c->acq + c->cq_tail * sizeof(*entry), sizeof(*entry));

	*entry = (struct nvme_completion){ .dw0 = dw0,
					   .cid = cid,
					   .sq_head = (u16)c->sq_head,
					   .status = (u16)(status << 1 | c->phase) };
	if (++c->cq_tail == entries) {
		c->cq_tail = 0;
		c->phase ^= 1;
	}
}

static void work(struct fake_controller *c, u32 tail)
{
	u32 entries = (c->aqa & 0xfff) + 1;

	while (c->sq_head != tail) {
		struct nvme_command *at =
			c->nvme->dma(c->cntlid, c->asq + c->sq_head * sizeof(*at), sizeof(*at));
		struct nvme_command cmd = *at;
		u16 status;

		c->sq_head = (c->sq_head + 1) % entries;
		c->seen[c->seen_count++ % FAKE_NVME_SEEN] = cmd;
		status = execute(c, &cmd);
		if (is_primary(c) && c->nvme->stale_first)
			fake_nvme_complete(c, (u16)(cmd.cid - 1), 0x006, 0xdead);
		if (status != FAKE_NVME_NO_ANSWER)
			fake_nvme_complete(c, cmd.cid, status ? status | DNR : 0, 0);
	}
}

const struct nvme_command *fake_nvme_last(const struct fake_controller *c)
{
	return &c->seen[(c->seen_count - 1) % FAKE_NVME_SEEN];
}

unsigned fake_nvme_count(const struct fake_controller *c, u8 opcode)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MIN(c->seen_count, (unsigned)FAKE_NVME_SEEN); i++)
		count += c->seen[i].opcode == opcode;
	return count;
}

/* --- registers */

static void reset_controller(struct fake_controller *c)
{
	struct fake_nvme *f = c->nvme;

	c->sq_head = c->cq_tail = 0;
	c->phase = 1;
	c->csts = f->never_idle ? c->csts : 0;
	if (!is_primary(c))
		return;
	for (unsigned n = 1; n <= FAKE_NVME_VFS; n++) {
		f->controller[n].online = false;
		f->controller[n].queues = f->controller[n].interrupts = 0;
	}
}

static void write_cc(struct fake_controller *c, u32 value)
{
	struct fake_nvme *f = c->nvme;
	bool on = value & 1, was = c->cc & 1;

	c->cc = value;
	if (on && !was) {
		reset_controller(c);
		c->enables++;
		c->csts = f->never_ready ? 0 : 1;
		for (u32 nsid = 1; nsid <= FAKE_NVME_NAMESPACES && !is_primary(c); nsid++)
			if (f->attached_at_enable & BIT(nsid))
				f->holders[nsid] |= BIT(c->cntlid);
	} else if (was && !on) {
		reset_controller(c);
	}
}

static u64 *wide(struct fake_controller *c, u64 offset)
{
	return offset < 0x28 ? &c->cap : offset < 0x30 ? &c->asq : &c->acq;
}

static u64 read_reg(void *ctx, u64 offset, unsigned width)
{
	struct fake_controller *c = ctx;

	if (c->nvme->gone)
		return ~0ull;
	switch (offset) {
	case 0x08: return 0x10400;
	case 0x14: return c->cc;
	case 0x1c: return c->csts | (c->nvme->fatal ? 2 : 0);
	case 0x24: return c->aqa;
	case 0x00:
	case 0x28:
	case 0x30: return width == 8 ? *wide(c, offset) : (u32)*wide(c, offset);
	default: return 0;
	}
}

static void write_reg(void *ctx, u64 offset, unsigned width, u64 value)
{
	struct fake_controller *c = ctx;

	switch (offset) {
	case 0x14: write_cc(c, (u32)value); break;
	case 0x24: c->aqa = (u32)value; break;
	case 0x28:
	case 0x30:
		if (width == 8)
			*wide(c, offset) = value;
		break;
	case 0x1000:
		if (c->csts & 1)
			work(c, (u32)value);
		break;
	case 0x1004:
		if (is_primary(c) && c->nvme->babbles)
			fake_nvme_complete(c, 0xffff, 0, 0);
		break;
	default:
		if (offset >= 0x1000) {
			c->io_doorbell = offset;
			c->io_value = (u32)value;
			c->io_doorbells++;
		}
	}
}

void fake_nvme_map(struct fake_nvme *f, unsigned controller, hpa_t base)
{
	fake_mmio_add(base, FAKE_NVME_BYTES, read_reg, write_reg, &f->controller[controller]);
}
