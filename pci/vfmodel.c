/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The config space of a VF as its guest sees it: built once from the rules, then pure data. `value`
 * is what reads give; a write changes the bits of `writable` and nothing else, and tells the caller
 * what it means.
 */
#include "pci/vfmodel.h"

#include "base/guest_abi.h"
#include "base/string.h"
#include "pci/config.h"
#include "pci/internal.h"
#include "pci/vfmodel_rules.h"

#define FIRST_CAP      PCI_STD_HEADER_SIZEOF
#define CAP_LIMIT      VF_MODEL_BYTES
#define MAX_CAPS       3
#define MEM_ATTRIBUTES 0x0full
#define BAR_STEP       4u

/* A block at its place in config space. */
struct placed {
	const struct vf_block *block;
	u8 at;
};

static unsigned placed_blocks(const struct vf_model *m, struct placed out[1 + MAX_CAPS])
{
	unsigned n = 0;

	out[n++] = (struct placed){ &vf_header_block, 0 };
	out[n++] = (struct placed){ &vf_pcie_block, m->cap_pcie };
	out[n++] = (struct placed){ &vf_msix_block, m->cap_msix };
	if (m->cap_pm)
		out[n++] = (struct placed){ &vf_pm_block, m->cap_pm };
	return n;
}

static u32 load(const u8 *bytes, unsigned width)
{
	u32 value = 0;

	memcpy(&value, bytes, width);
	return value;
}

/*
 * --- build
 * ----------------------------------------------------------------------------------------------------------
 */

static void set_source(struct vf_model *m, unsigned at, unsigned bytes, enum vf_source source)
{
	for (unsigned i = at / 4; i < (at + bytes + 3) / 4; i++)
		m->source[i] = (u8)source;
}

static void apply_rule(struct vf_model *m, const struct vf_rule *r, unsigned at)
{
	u32 value = r->fixed | (r->get ? r->get(m->vf) & r->mask : 0);

	memcpy(&m->value[at], &value, r->width);
	memcpy(&m->writable[at], &r->writable, r->width);
	set_source(m, at, r->width, r->source);
}

static void apply_block(struct vf_model *m, const struct placed *p)
{
	set_source(m, p->at, p->block->cap_id ? p->block->length : 0, SYNTHESISED);
	for (unsigned i = 0; i < p->block->count; i++)
		apply_rule(m, &p->block->rules[i], p->at + p->block->rules[i].offset);
}

/*
 * Attribute bits are the device's, as the PF's VF BAR has them (R13); address bits below the size
 * are hardwired to 0.
 */
static void build_bar(struct vf_model *m, unsigned i)
{
	const struct pci_bar *bar = &m->bars[i];
	unsigned at = PCI_BASE_ADDRESS_0 + i * BAR_STEP, bytes = bar->is_64bit ? 8 : 4;
	u64 writable = ~(bar->size - 1) & ~MEM_ATTRIBUTES;
	u64 value = bar->base | (bar->is_64bit ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
		    (bar->prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);

	if (bar->size == 0)
		return;
	memcpy(&m->value[at], &value, bytes);
	memcpy(&m->writable[at], &writable, bytes);
	set_source(m, at, bytes, FROM_PF);
}

/*
 * Link the capabilities in the order of their offsets: only what we placed is in the chain (R11).
 */
static void link_caps(struct vf_model *m, const struct placed *caps, unsigned n)
{
	unsigned from = PCI_CAPABILITY_LIST, last = 0;

	set_source(m, PCI_CAPABILITY_LIST, 1, SYNTHESISED);
	for (unsigned done = 0; done < n; done++) {
		const struct placed *next = NULL;

		for (unsigned i = 0; i < n; i++)
			if (caps[i].at > last && (!next || caps[i].at < next->at))
				next = &caps[i];
		if (!next)
			return;
		m->value[from] = next->at;
		m->value[next->at + PCI_CAP_LIST_ID] = next->block->cap_id;
		from = next->at + PCI_CAP_LIST_NEXT;
		last = next->at;
	}
}

static bool place_is_possible(const struct placed *p)
{
	return p->at >= FIRST_CAP && IS_ALIGNED(p->at, 4) && p->at + p->block->length <= CAP_LIMIT;
}

/*
 * Where the device has them, if that is possible and they keep apart; else all at our own places.
 */
static void place_caps(struct vf_model *m)
{
	const struct pci_function *f = m->vf->function;
	struct placed p[1 + MAX_CAPS];
	bool possible = true;

	m->cap_pcie = f->cap_pcie;
	m->cap_msix = f->cap_msix;
	m->cap_pm = f->cap_pm;
	unsigned n = placed_blocks(m, p);

	for (unsigned i = 1; i < n; i++) {
		possible &= place_is_possible(&p[i]);
		for (unsigned k = 1; k < i; k++)
			possible &= p[i].at + p[i].block->length <= p[k].at ||
				    p[k].at + p[k].block->length <= p[i].at;
	}
	if (possible)
		return;
	m->cap_pcie = vf_pcie_block.fallback;
	m->cap_msix = vf_msix_block.fallback;
	m->cap_pm = f->cap_pm ? vf_pm_block.fallback : 0;
}

static void build(struct vf_model *m)
{
	struct placed p[1 + MAX_CAPS];
	unsigned n = placed_blocks(m, p);

	memset(m->value, 0, sizeof(m->value));
	memset(m->writable, 0, sizeof(m->writable));
	memset(m->source, FROM_NOWHERE, sizeof(m->source));
	for (unsigned i = 0; i < n; i++)
		apply_block(m, &p[i]);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		m->bars[i].base = m->first_base[i];
		build_bar(m, i);
	}
	link_caps(m, &p[1], n - 1);
}

static enum err check_bases(const struct vf *vf, const u64 bar_base[PCI_BARS], struct why *why)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct pci_bar bar = vf_bar(vf, i);

		if (bar.size && (!IS_ALIGNED(bar_base[i], bar.size) ||
				 (!bar.is_64bit && bar_base[i] + bar.size > 4 * GiB)))
			return fail(why, ERR_INVALID, vf->rid,
				    RID_FMT ": BAR%u of %llu bytes cannot be at %llx in a guest",
				    RID_ARG(vf->rid), i, (unsigned long long)bar.size,
				    (unsigned long long)bar_base[i]);
	}
	return OK;
}

enum err vf_model_init(struct vf_model *m, const struct vf *vf, const u64 bar_base[PCI_BARS],
		       struct why *why)
{
	if (!vf->function->cap_pcie || !vf->function->cap_msix)
		return fail(why, ERR_INVALID, vf->rid,
			    RID_FMT
			    ": the VF has no usable %s capability; it cannot be given to a VM",
			    RID_ARG(vf->rid), vf->function->cap_pcie ? "MSI-X" : "PCI Express");
	enum err e = check_bases(vf, bar_base, why);

	if (e != OK)
		return e;
	memset(m, 0, sizeof(*m));
	m->vf = vf;
	vf_model_set_window(m, GUEST_MMIO_BASE, GUEST_MMIO_SIZE);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		m->bars[i] = vf_bar(vf, i);
		m->first_base[i] = m->bars[i].size ? bar_base[i] : 0;
	}
	place_caps(m);
	build(m);
	return OK;
}

void vf_model_set_window(struct vf_model *m, u64 base, u64 size)
{
	m->window_base = base;
	m->window_size = size;
}

void vf_model_reset(struct vf_model *m)
{
	build(m);
}

/*
 * --- access
 * ---------------------------------------------------------------------------------------------------------
 */

/* Well-formed, and there is something. */
static bool access_is_sound(u16 offset, unsigned width)
{
	return (width == 1 || width == 2 || width == 4) && IS_ALIGNED((u32)offset, width) &&
	       offset + width <= VF_MODEL_BYTES;
}

u32 vf_model_read(const struct vf_model *m, u16 offset, unsigned width)
{
	return access_is_sound(offset, width) ? load(&m->value[offset], width) : 0;
}

/* May BAR `i` be at `base`? */
static bool base_is_good(const struct vf_model *m, unsigned i, u64 base)
{
	u64 size = m->bars[i].size;

	if (base == m->first_base[i])
		return true;
	if (base < m->window_base || size > m->window_size ||
	    base - m->window_base > m->window_size - size)
		return false;
	for (unsigned k = 0; k < PCI_BARS; k++)
		if (k != i && m->bars[k].size && base < m->bars[k].base + m->bars[k].size &&
		    m->bars[k].base < base + size)
			return false;
	return true;
}

/*
 * A sizing write leaves a base that is none: the BAR stays where it was until a good one stands in
 * the register.
 */
static unsigned bar_written(struct vf_model *m, unsigned i)
{
	unsigned at = PCI_BASE_ADDRESS_0 + i * BAR_STEP;
	u64 base = load(&m->value[at], 4) & ~MEM_ATTRIBUTES;

	if (m->bars[i].is_64bit)
		base |= (u64)load(&m->value[at + BAR_STEP], 4) << 32;
	if (base == m->bars[i].base || !base_is_good(m, i, base))
		return VF_EFFECT_NONE;
	m->bars[i].base = base;
	return VF_EFFECT_BAR;
}

static unsigned bars_written(struct vf_model *m, unsigned offset, unsigned width)
{
	unsigned effects = VF_EFFECT_NONE;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		unsigned at = PCI_BASE_ADDRESS_0 + i * BAR_STEP;
		unsigned end = at + (m->bars[i].is_64bit ? 2 * BAR_STEP : BAR_STEP);

		if (m->bars[i].size && offset < end && at < offset + width)
			effects |= bar_written(m, i);
	}
	return effects;
}

/*
 * What the write of `given` (as it stands over the register) means for one rule. `before` is what
 * the register held.
 */
static unsigned rule_effects(const struct vf_model *m, const struct vf_rule *r, unsigned at,
			     const u8 *before, const u8 *given)
{
	unsigned effects = VF_EFFECT_NONE;

	if (load(&m->value[at], r->width) != load(before, r->width))
		effects |= r->effect;
	if (load(given, r->width) & r->strobe)
		effects |= r->strobe_effect;
	return effects;
}

static bool offers_flr(const struct vf_model *m)
{
	return load(&m->value[m->cap_pcie + PCI_EXP_DEVCAP], 4) & PCI_EXP_DEVCAP_FLR;
}

unsigned vf_model_write(struct vf_model *m, u16 offset, unsigned width, u32 value)
{
	/* The aligned dword around the access: no rule is wider, none crosses it. */
	unsigned base = offset & ~3u, effects = VF_EFFECT_NONE;
	u8 before[4], given[4] = { 0 };
	struct placed p[1 + MAX_CAPS];

	if (!access_is_sound(offset, width))
		return VF_EFFECT_NONE;
	memcpy(before, &m->value[base], sizeof(before));
	memcpy(&given[offset - base], &value, width);
	for (unsigned i = offset; i < offset + width; i++)
		m->value[i] =
			(u8)((m->value[i] & ~m->writable[i]) | (given[i - base] & m->writable[i]));

	unsigned n = placed_blocks(m, p);

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < p[i].block->count; k++) {
			const struct vf_rule *r = &p[i].block->rules[k];
			unsigned at = p[i].at + r->offset;

			if (at >= base && at < base + 4)
				effects |= rule_effects(m, r, at, &before[at - base],
							&given[at - base]);
		}
	effects |= bars_written(m, offset, width);
	return offers_flr(m) ? effects : effects & ~(unsigned)VF_EFFECT_FLR;
}

static u16 msix_flags(const struct vf_model *m)
{
	return (u16)load(&m->value[m->cap_msix + PCI_MSIX_FLAGS], 2);
}

bool vf_model_msix_enabled(const struct vf_model *m)
{
	return msix_flags(m) & PCI_MSIX_FLAGS_ENABLE;
}

bool vf_model_msix_masked(const struct vf_model *m)
{
	return msix_flags(m) & PCI_MSIX_FLAGS_MASKALL;
}

const char *vf_model_source(const struct vf_model *m, u16 offset)
{
	static const char *const names[] = {
		[FROM_NOWHERE] = "zero",  [FROM_PF] = "PF",           [SYNTHESISED] = "synthesised",
		[FROM_DEVICE] = "device", [DEVICE_MASKED] = "masked",
	};

	return offset < VF_MODEL_BYTES ? names[m->source[offset / 4]] : names[FROM_NOWHERE];
}
