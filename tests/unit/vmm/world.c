/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine of world.h: set-up and what tests look at. */
#include "vmm/world.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "base/acpi.h"
#include "base/hw/cpu.h"
#include "base/pool.h"
#include "pci/config.h"

#define ECAM_BASE      0xb0000000ull
#define POOL_PAGES     4096
#define VF_FIRST_DEVFN 0x80
#define VF_STRIDE      2
#define CAP_PCIE       0xa0
#define CAP_MSIX       0x70
#define MSIX_TABLE     (WORLD_TABLE | 3) /* in BAR 3 */
#define MSIX_PBA       0x2003u

struct world world;
struct cpu cpus[MAX_CPUS];
unsigned cpu_count;
struct vm vms[CONFIG_VMS];
unsigned vm_count;
struct config config;
const struct boot_info *boot;

static struct vcpu vcpus[2][2];

static u8 *config_of(struct rid rid)
{
	return world.config_space + ((u64)rid.id << 12);
}

static int vf_of(u64 offset)
{
	for (unsigned n = 0; n < WORLD_VFS; n++)
		if (world.vf[n].rid.id == offset >> 12)
			return (int)n;
	return -1;
}

/* PCIe 6.0 section 6.6.2: not before 100 ms after an FLR. */
static bool is_silent(u64 offset)
{
	int n = vf_of(offset);
	if (n < 0)
		return false;
	world.early += fake_time_now() < world.untouchable_until[n];
	return fake_time_now() < world.silent_until[n];
}

static u64 config_read(void *ctx, u64 offset, unsigned width)
{
	u64 value = 0;
	(void)ctx;
	if (is_silent(offset))
		return ~0ull;
	memcpy(&value, world.config_space + offset, width);
	return value;
}

static void reset_function(unsigned n)
{
	u8 *config = config_of(world.vf[n].rid);
	fake_event_add(FAKE_NOTE, NOTE_FLR, 0, world.vf[n].rid.id);
	memset(config + PCI_COMMAND, 0, 2);
	config[CAP_MSIX + 3] = 0;
	u64 takes = fake_step_fails() ? WORLD_NEVER : MAX(world.flr_ns[n], WORLD_FLR_NS);
	world.untouchable_until[n] = fake_time_now() + WORLD_FLR_NS;
	world.silent_until[n] = fake_time_now() + takes;
}

/* Memory, but for the read-only table size in MSI-X Message Control and for Initiate FLR. */
static void config_write(void *ctx, u64 offset, unsigned width, u64 value)
{
	(void)ctx;
	if (is_silent(offset))
		return;
	if ((offset & 0xfff) == CAP_MSIX + 2)
		value |= WORLD_VECTORS - 1;
	if ((offset & 0xfff) == CAP_PCIE + PCI_EXP_DEVCTL && value & PCI_EXP_DEVCTL_BCR_FLR)
		reset_function((unsigned)vf_of(offset));
	else
		memcpy(world.config_space + offset, &value, width);
}

static void build_mcfg(void)
{
	static struct {
		struct acpi_header header;
		u64 reserved, base;
		u16 segment;
		u8 first, last;
		u32 reserved2;
	} __attribute__((packed)) mcfg;
	struct why why;
	memcpy(mcfg.header.signature, "MCFG", 4);
	mcfg.header.length = sizeof(mcfg);
	mcfg.base = ECAM_BASE;
	mcfg.last = 1;
	fake_mmio_add(hpa(ECAM_BASE), sizeof(world.config_space), config_read, config_write, NULL);
	assert_int_equal(pci_config_init(&mcfg.header, &why), OK);
}

static void write_msix_capability(struct rid rid)
{
	u16 control = WORLD_VECTORS - 1;
	u32 table = MSIX_TABLE, pba = MSIX_PBA;
	memcpy(config_of(rid) + CAP_MSIX + 2, &control, sizeof(control));
	memcpy(config_of(rid) + CAP_MSIX + 4, &table, sizeof(table));
	memcpy(config_of(rid) + CAP_MSIX + 8, &pba, sizeof(pba));
}

static void build_vf(unsigned n)
{
	struct pci_function *f = &world.vf_function[n];
	f->rid = (struct rid){ 0, (u16)(0x100 + VF_FIRST_DEVFN + n * VF_STRIDE) };
	f->vendor = 0x8086;
	f->device = 0x10ca;
	f->class_code = 0x020000;
	f->cap_pcie = CAP_PCIE;
	f->cap_msix = CAP_MSIX;
	f->flr = true;
	f->vf_of = &world.pf;
	f->vf_index = (u16)n;
	struct vf *vf = &world.vf[n];
	vf->pf = &world.pf;
	vf->index = (u16)n;
	vf->rid = f->rid;
	vf->function = f;
	vf->state = VF_PARKED;
	vf->caps.msix_control = WORLD_VECTORS - 1;
	vf->caps.msix_table = MSIX_TABLE;
	vf->caps.msix_pba = MSIX_PBA;
	vf->caps.device_cap = 0x10008000; /* FLR */
	config_of(f->rid)[PCI_CLASS_REVISION + 3] = 0x02;
	write_msix_capability(f->rid);
}

static void build_pf(void)
{
	world.pf_function.rid = (struct rid){ 0, 0x100 };
	world.pf_function.vendor = 0x8086;
	world.pf_function.device = 0x10c9;
	world.pf_function.cap_msix = CAP_MSIX;
	world.pf_function.bars[3] =
		(struct pci_bar){ .base = WORLD_PF_BAR3, .size = WORLD_BAR_BYTES };
	write_msix_capability(world.pf_function.rid);
	fake_mmio_add_memory(hpa(WORLD_PF_BAR3), sizeof(world.pf_bar3), world.pf_bar3);
	world.pf = (struct sriov_pf){
		.function = &world.pf_function, .name = "pf0", .total_vfs = 8, .vfs = world.vf
	};
	world.pf.vf_bars[0] =
		(struct pci_bar){ .base = WORLD_BAR0, .size = WORLD_BAR_BYTES, .is_64bit = true };
	world.pf.vf_bars[3] =
		(struct pci_bar){ .base = WORLD_BAR3, .size = WORLD_BAR_BYTES, .is_64bit = true };
	fake_mmio_add_memory(hpa(WORLD_BAR0), sizeof(world.bar0), world.bar0);
	fake_mmio_add_memory(hpa(WORLD_BAR3), sizeof(world.bar3), world.bar3);
	for (unsigned n = 0; n < WORLD_VFS; n++)
		build_vf(n);
}

static void build_vm(unsigned n)
{
	struct vm *vm = &vms[n];
	snprintf(vm->name, sizeof(vm->name), "%c", 'a' + (int)n);
	vm->id = n;
	vm->state = VM_RUNNING;
	vm->config = &world.vm_config[n];
	vm->ram_bytes = WORLD_RAM;
	vm->ram = pool_alloc(POOL_GUEST, WORLD_RAM / PAGE_SIZE, 2 * MiB);
	vm->devices = pool_alloc(POOL_VM, 1, PAGE_SIZE);
	vm->cpus = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct vcpu *v = &vcpus[n][i];
		memset(v, 0, sizeof(*v));
		v->vm = vm;
		v->index = i;
		v->core = &cpus[n * 2 + i];
		v->state = VCPU_READY;
		vlapic_init(&v->lapic, i, GUEST_APIC_TIMER_KHZ, 0);
		v->lapic.svr |= 0x100;
		vm->vcpu[i] = v;
	}
}

int world_setup(void **state)
{
	config.irq_budget = CONFIG_IRQ_BUDGET;
	(void)state;
	memset(&world, 0, sizeof(world));
	memset(vms, 0, sizeof(vms));
	memset(&config, 0, sizeof(config));
	memset(cpus, 0, sizeof(cpus));
	fakes_reset();
	fake_pool_reset(POOL_PAGES);
	cpu_count = WORLD_CORES;
	vm_count = 2;
	boot = &world.boot;
	world.long_mode = true;
	for (unsigned i = 0; i < WORLD_CORES; i++)
		cpus[i] = (struct cpu){ .index = i, .apic_id = 16 + i };
	build_mcfg();
	build_pf();
	build_vm(0);
	build_vm(1);
	masters_start();
	assert_int_equal(master_count(), 1);
	fake_events_clear();
	fake_log_clear();
	return 0;
}

struct vm *world_vm(unsigned n)
{
	return &vms[n];
}

void world_wish(unsigned vm, const char *pf, unsigned index)
{
	struct vm_config *c = &world.vm_config[vm];
	struct vf_request *r = &c->vf[c->vf_count++];
	snprintf(r->name, sizeof(r->name), "%s", pf);
	snprintf(r->token, sizeof(r->token), "%s/%u", pf, index);
	r->index = (u16)index;
}

enum err world_try_assign(unsigned n, struct why *why)
{
	struct vm *vm = &vms[n];
	enum err e = assign_start(vm, why);
	while (!e && !assign_resets_over(vm))
		fake_time_advance(WORLD_TICK_NS);
	if (!e)
		e = assign_finish(vm, why);
	if (e)
		world_release(n);
	return e;
}

void world_assign(unsigned vm)
{
	struct why why = { .text = "" };
	if (world_try_assign(vm, &why) != OK)
		fail_msg("assignment: %s", why.text);
}

void world_release(unsigned vm)
{
	u64 end = fake_time_now() + VF_RESET_LONGEST_NS + NS_PER_S;
	while (!release_all(&vms[vm])) {
		assert_true(fake_time_now() < end);
		fake_time_advance(WORLD_TICK_NS);
	}
}

const struct world_mapping *world_ept(u64 at)
{
	for (unsigned i = 0; i < world.mappings; i++)
		if (at >= world.mapping[i].gpa && at - world.mapping[i].gpa < world.mapping[i].size)
			return &world.mapping[i];
	return NULL;
}

int world_note(unsigned from, enum note kind)
{
	for (unsigned i = from; i < fake_event_count(); i++)
		if (fake_event(i)->kind == FAKE_NOTE && fake_event(i)->address == kind)
			return (int)i;
	return -1;
}

int world_command_write(unsigned from, unsigned vf, u16 value)
{
	u64 at = ECAM_BASE + ((u64)world.vf[vf].rid.id << 12) + 4;
	for (unsigned i = from; i < fake_event_count(); i++) {
		const struct fake_event *e = fake_event(i);
		if (e->kind == FAKE_MMIO_WRITE && e->address == at && e->value == value)
			return (int)i;
	}
	return -1;
}

u32 world_table(unsigned vf, unsigned entry, unsigned dword)
{
	u32 value;
	memcpy(&value, world.bar3 + vf * WORLD_BAR_BYTES + WORLD_TABLE + entry * 16 + dword * 4,
	       sizeof(value));
	return value;
}

u16 world_config16(unsigned vf, unsigned offset)
{
	u16 value;
	memcpy(&value, config_of(world.vf[vf].rid) + offset, sizeof(value));
	return value;
}
