/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk over the fabric: every bus, every function, once. The table of functions is its own
 * queue: a bridge's secondary bus is scanned when the walk comes to the bridge, so parents stand
 * before children and nothing recurses.
 */
#include "base/log.h"
#include "base/string.h"
#include "pci/config.h"
#include "pci/internal.h"

#define BUSES                256u
#define DEVFNS               256u
#define DEVICE_FUNCTIONS     8u
#define NO_VENDOR            0xffffu
#define NO_VENDOR_YET        0x0001u /* Configuration Request Retry Status, PCIe 6.0 section 2.3.2 */
#define HEADER_TYPE_MASK     0x7fu
#define HEADER_MULTIFUNCTION 0x80u
#define BRIDGE_BARS          2u

struct walk {
	unsigned segment;
	bool full;                               /* the table of functions is */
	const struct pci_function *leads[BUSES]; /* the lowest bridge that claims the bus */
};

static void read_ids(struct pci_function *f)
{
	u32 ids = pci_read32(f->rid, PCI_VENDOR_ID);
	u32 class_revision = pci_read32(f->rid, PCI_CLASS_REVISION);
	u32 subsystem = pci_read32(f->rid, PCI_SUBSYSTEM_VENDOR_ID);

	f->vendor = (u16)ids;
	f->device = (u16)(ids >> 16);
	f->revision = (u8)class_revision;
	f->class_code = class_revision >> 8;
	if (f->header_type == PCI_HEADER_TYPE_NORMAL) {
		f->subsystem_vendor = (u16)subsystem;
		f->subsystem_device = (u16)(subsystem >> 16);
	}
}

/*
 * Decode goes off while BARs hold all ones: a device must not claim the addresses that sizing
 * writes.
 */
static void size_bars(struct pci_function *f)
{
	unsigned count = f->header_type == PCI_HEADER_TYPE_NORMAL ? PCI_BARS
			 : is_bridge(f)                           ? BRIDGE_BARS
								  : 0;
	u16 rom_at = is_bridge(f) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
	u16 command = pci_read16(f->rid, PCI_COMMAND);

	if (count == 0)
		return;
	pci_write16(f->rid, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	(void)bars_size(f->rid, PCI_BASE_ADDRESS_0, count, f->bars);
	f->rom = rom_size(f->rid, rom_at);
	pci_write16(f->rid, PCI_COMMAND, command);
}

static void read_bridge(struct pci_function *f)
{
	f->secondary = pci_read8(f->rid, PCI_SECONDARY_BUS);
	f->subordinate = pci_read8(f->rid, PCI_SUBORDINATE_BUS);
	windows_read(f);
	if (!f->cap_pcie || !is_downstream_port(f))
		return;
	f->ari_forwarding_capable =
		pci_read32(f->rid, f->cap_pcie + PCI_EXP_DEVCAP2) & PCI_EXP_DEVCAP2_ARI;
	f->ari_forwarding = pci_read16(f->rid, f->cap_pcie + PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI;
}

/*
 * With phantom functions a device may use Requester IDs of functions that do not exist (PCIe 6.0
 * section 2.2.6.2); nothing binds those to a domain, so the feature goes off.
 */
static void forbid_phantom_functions(const struct pci_function *f)
{
	u16 at = f->cap_pcie + PCI_EXP_DEVCTL;

	if (!f->cap_pcie)
		return;
	u16 control = pci_read16(f->rid, at);

	if (control & PCI_EXP_DEVCTL_PHANTOM)
		pci_write16(f->rid, at, control & ~PCI_EXP_DEVCTL_PHANTOM);
}

/* Take a function that is there into the fabric; NULL if there is no room for it. */
static struct pci_function *take_in(struct walk *w, struct rid rid, struct pci_function *parent)
{
	struct pci_function *f = pci_function_add(rid);

	if (!f) {
		w->full = true;
		return NULL;
	}
	u8 type = pci_read8(rid, PCI_HEADER_TYPE);

	f->parent = parent;
	f->header_type = type & HEADER_TYPE_MASK;
	f->multifunction = type & HEADER_MULTIFUNCTION;
	read_ids(f);
	caps_scan(f);
	size_bars(f);
	forbid_phantom_functions(f);
	if (is_bridge(f))
		read_bridge(f);
	return f;
}

/* Look at one function; NULL if there is none or no room for it. Nearly always there is none. */
static struct pci_function *visit(struct walk *w, struct rid rid, struct pci_function *parent)
{
	u16 vendor = pci_read16(rid, PCI_VENDOR_ID);

	if (vendor == NO_VENDOR || vendor == NO_VENDOR_YET || vendor == 0)
		return NULL;
	return take_in(w, rid, parent);
}

static void scan_device(struct walk *w, struct rid first, struct pci_function *parent)
{
	const struct pci_function *zero = visit(w, first, parent);

	if (!zero || !zero->multifunction)
		return;
	for (unsigned i = 1; i < DEVICE_FUNCTIONS; i++) {
		struct pci_function *f =
			visit(w, (struct rid){ first.segment, first.id + i }, parent);

		/*
		 * Only function 0 must set the bit; it speaks for the whole device (PCIe 6.0
		 * section 7.5.1.1.9).
		 */
		if (f)
			f->multifunction = true;
	}
}

/* Under ARI a bus holds one device with up to 256 functions (PCIe 6.0 section 6.13). */
static void scan_ari_bus(struct walk *w, unsigned bus, struct pci_function *parent)
{
	struct pci_function *zero = visit(w, rid_make(w->segment, bus, 0, 0), parent);

	for (unsigned devfn = 1; zero && devfn < DEVFNS; devfn++) {
		struct pci_function *f =
			visit(w, (struct rid){ (u16)w->segment, (u16)(bus << 8 | devfn) }, parent);

		if (f)
			f->multifunction = zero->multifunction = true;
	}
}

static void scan_bus(struct walk *w, unsigned bus, struct pci_function *parent)
{
	if (parent && parent->ari_forwarding) {
		scan_ari_bus(w, bus, parent);
		return;
	}
	/*
	 * Below a link there is device 0 only; some devices answer to every number and would show
	 * 32 times.
	 */
	unsigned devices = parent && is_downstream_port(parent) ? 1 : 32;

	for (unsigned device = 0; device < devices; device++)
		scan_device(w, rid_make(w->segment, bus, device, 0), parent);
}

/* A bridge's buses must come out of its parent's range and must not be anybody else's. */
static bool bridge_is_sane(const struct walk *w, const struct pci_function *f)
{
	if (f->secondary <= rid_bus(f->rid) || f->subordinate < f->secondary)
		return false;
	for (unsigned bus = f->secondary; bus <= f->subordinate; bus++)
		if (w->leads[bus] != f->parent)
			return false;
	return true;
}

static void scan_below(struct walk *w, struct pci_function *f)
{
	if (!bridge_is_sane(w, f)) {
		log_warn("pci",
			 RID_FMT
			 ": bridge with buses %02x-%02x, which %s; nothing behind it is used",
			 RID_ARG(f->rid), (unsigned)f->secondary, (unsigned)f->subordinate,
			 f->secondary ? "others use or its parent does not lead to"
				      : "firmware did not set up");
		f->secondary = f->subordinate = 0;
		return;
	}
	for (unsigned bus = f->secondary; bus <= f->subordinate; bus++)
		w->leads[bus] = f;
	scan_bus(w, f->secondary, f);
}

static void walk_segment(const struct pci_segment *s, bool *full)
{
	struct walk w = { .segment = s->segment };
	unsigned next = pci_function_count();

	for (unsigned bus = s->first_bus; bus <= s->last_bus; bus++) {
		/*
		 * A bus that no bridge claims is a root bus (or empty): large machines have several
		 * host bridges.
		 */
		if (w.leads[bus])
			continue;
		scan_bus(&w, bus, NULL);
		for (; next < pci_function_count(); next++)
			if (is_bridge(pci_function(next)))
				scan_below(&w, pci_function(next));
	}
	*full |= w.full;
}

enum err pci_walk(struct why *why)
{
	bool full = false;

	fabric_clear();
	for (unsigned i = 0; i < pci_segment_count(); i++)
		walk_segment(pci_segment(i), &full);
	if (full)
		return fail(why, ERR_NO_MEMORY, RID_NONE,
			    "more than %u PCI functions: those after " RID_FMT " are not used",
			    PCI_MAX_FUNCTIONS, RID_ARG(pci_function(PCI_MAX_FUNCTIONS - 1)->rid));
	if (pci_function_count() == 0)
		return fail(why, ERR_NOT_FOUND, RID_NONE,
			    "no PCI function answered on any bus that MCFG names");
	return OK;
}
