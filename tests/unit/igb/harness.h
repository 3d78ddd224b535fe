/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of drivers/igb share: a PF with its VFs on a fake 82576, and a VF's driver in a
 * few calls. */
#ifndef IGB_HARNESS_H
#define IGB_HARNESS_H

#include "base/time.h"
#include "drivers/igb/igb.h"
#include "fakes/fake_igb.h"
#include "fakes/fake_pci.h"
#include "fakes/fakes.h"

#define BAR_BASE 0xc0000000ull
#define VF_COUNT 7
#define ACK      MESSAGE_ACK
#define NACK     MESSAGE_NACK
#define CTS      MESSAGE_CTS

extern struct fake_igb card;
extern struct master master;
extern struct sriov_pf pf;
extern struct vf vfs[8];
extern const u8 pf_mac[6];
extern unsigned changed_calls[8]; /* of master.changed, per VF */

/* cmocka set-ups. Each builds everything anew. */
int setup_cold(void **state);    /* a card that nobody has touched */
int setup_started(void **state); /* start() done, VFs enabled, link up */
int setup_running(
	void **state); /* and VFs 0 and 1 prepared with default policies and clear to send */

void start_card(unsigned vf_count);
const u8 *mac_of(unsigned n);
void prepare(unsigned n, const struct vf_policy *policy);

/* One message and its answer, as igbvf does it. Returns word 0 of the answer; fails the test if
 * there is none. */
u32 ask(unsigned n, const u32 *words, unsigned count);
/* The same with all three words of an answer to VF_RESET. */
void ask_reset(unsigned n, u32 answer[3]);
/* A message that must get no answer. */
void ask_in_vain(unsigned n, const u32 *words, unsigned count);
#define ASK(n, ...) ask((n), (const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / 4)

/* VMOLR, and filters, as the card has them. */
u32 vmolr(unsigned n);
bool gate_open(unsigned n);
/* The RAR entry that holds this MAC for this pool, or -1. */
int rar_of(const u8 *mac, unsigned pool);
/* Pools of this VLAN's VLVF entry, 0 if there is none. Checks that VFTA agrees. */
u32 vlan_pools(u16 vid);
bool hash_is_set(u16 hash);

#endif
