/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of drivers/nvme share: a PF with four VFs on fake controllers, and a guest with
 * some RAM. */
#ifndef NVME_HARNESS_H
#define NVME_HARNESS_H

#include "base/time.h"
#include "drivers/nvme/nvme.h"
#include "fake_nvme.h"
#include "fakes/fake_pci.h"
#include "fakes/fakes.h"

#define RAM_BYTES  (256 * KiB)
#define TO_DEVICE  0xe8000000ull /* the mediator's pages, as the VF sees them */
#define TO_GUEST   0xe8001000ull
#define GUEST_SQ   0x1000ull
#define GUEST_CQ   0x2000ull
#define GUEST_DATA 0x3000ull
#define GUEST_SIZE 8u /* entries of the guest's admin queues */

extern struct fake_nvme disk;
extern struct master master;
extern struct sriov_pf *pf;
extern u8 ram[RAM_BYTES];
extern bool dma_refused; /* the PF gets no memory */

/* cmocka set-ups. Each builds everything anew. */
int setup_cold(void **state);    /* nobody has touched the controller */
int setup_started(void **state); /* four VFs online, without namespaces */
/* VF 0 has namespace 2 and a guest whose driver has enabled the controller. */
int setup_guest(void **state);
int setup_teardown(void **state);

enum err start(struct why *why);
enum err enable_vfs(struct why *why);
struct nvme_vf *vf_state(unsigned n);
struct fake_controller *vf_device(unsigned n);
enum err give(unsigned n, u32 nsid, struct why *why);

/* What the IOMMU lets each controller reach; NULL = nothing. */
void *device_dma(u16 cntlid, u64 address, u64 bytes);

/* The guest of VF 0. */
void guest_write_reg(u64 offset, unsigned width, u64 value);
u64 guest_read_reg(u64 offset, unsigned width);
void guest_enable(u32 entries);
/* Write a command to the guest's queue; ring() tells the VF about all of them. */
struct nvme_command *guest_put(const struct nvme_command *command);
void guest_ring(void);
/* The next entry of the guest's completion queue; false if there is none. */
bool guest_take(struct nvme_completion *out);
/* Put, ring, poll, take: the status without DNR; fails the test if no answer comes. */
u16 guest_do(const struct nvme_command *command);
void poll_device(int entry);
bool interrupt_owed(void);

#endif
