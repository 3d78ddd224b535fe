/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the local APIC in x2APIC mode, Intel SDM Vol. 3A section 11.12.1; private to
 * vlapic*.c. */
#ifndef VMM_EMULATE_VLAPIC_REGS_H
#define VMM_EMULATE_VLAPIC_REGS_H

#include "vmm/emulate/vlapic.h"

enum x2apic_msr {
	X2APIC_ID = 0x802,
	X2APIC_VERSION = 0x803,
	X2APIC_TPR = 0x808,
	X2APIC_PPR = 0x80a,
	X2APIC_EOI = 0x80b,
	X2APIC_LDR = 0x80d,
	X2APIC_SVR = 0x80f,
	X2APIC_ISR = 0x810, /* eight words each */
	X2APIC_TMR = 0x818,
	X2APIC_IRR = 0x820,
	X2APIC_ESR = 0x828,
	X2APIC_ICR = 0x830,
	X2APIC_LVT = 0x832, /* enum vlapic_lvt entries */
	X2APIC_TIMER_INITIAL = 0x838,
	X2APIC_TIMER_CURRENT = 0x839,
	X2APIC_TIMER_DIVIDE = 0x83e,
	X2APIC_SELF_IPI = 0x83f,
};

#define X2APIC_BROADCAST   0xffffffffu
#define VECTOR_FIRST_LEGAL 16u /* 0..15 are illegal in fixed messages, 11.5.2 */

/* Version, 11.4.8: 0x14 = integrated APIC; bits 23:16 = entries of the local vector table - 1. */
#define VERSION_NUMBER        0x14u
#define VERSION_MAX_LVT_SHIFT 16

/* Spurious-Interrupt Vector, 11.9. No EOI-broadcast suppression (version bit 24 is 0). */
#define SVR_VECTOR  0xffu
#define SVR_ENABLED BIT(8)
#define SVR_FOCUS   BIT(9)
#define SVR_RESET   0xffu

/* Local vector table, figure 11-8. */
#define LVT_VECTOR             0xffu
#define LVT_DELIVERY           (7u << 8)
#define LVT_STATUS             BIT(12)
#define LVT_REMOTE_IRR         BIT(14)
#define LVT_PIN                (BIT(13) | LVT_REMOTE_IRR | BIT(15)) /* polarity, remote IRR, trigger */
#define LVT_MASKED             BIT(16)
#define LVT_TIMER_MODE         (3u << 17)
#define LVT_TIMER_ONE_SHOT     (0u << 17)
#define LVT_TIMER_PERIODIC     (1u << 17)
#define LVT_TIMER_TSC_DEADLINE (2u << 17)

/* Error status, 11.5.3. */
#define ESR_SEND_ILLEGAL_VECTOR    BIT(5)
#define ESR_RECEIVE_ILLEGAL_VECTOR BIT(6)

/* Interrupt command, 11.12.9. In x2APIC mode there is no delivery status. */
#define ICR_DELIVERY_SHIFT  8
#define ICR_LOGICAL         BIT64(11)
#define ICR_LEVEL           BIT64(14)
#define ICR_TRIGGER_LEVEL   BIT64(15)
#define ICR_SHORTHAND_SHIFT 18
#define ICR_RESERVED        (BITS64(31, 20) | BITS64(17, 16) | BITS64(13, 12))
enum icr_delivery {
	ICR_FIXED = 0,
	ICR_LOWEST = 1,
	ICR_NMI = 4,
	ICR_INIT = 5,
	ICR_STARTUP = 6
};
#define ICR_TO_SELF 1

/* Divide configuration, figure 11-10: bits 3, 1 and 0. */
#define DIVIDE_BITS 0xbu

/* vlapic_timer.c */
bool vlapic_timer_mode_legal(const struct vlapic *l, u32 lvt);
void vlapic_timer_mode_change(struct vlapic *l, u32 lvt);
u32 vlapic_timer_current(const struct vlapic *l, u64 now_ns);
void vlapic_timer_write_initial(struct vlapic *l, u32 value, u64 now_ns);
void vlapic_timer_write_divide(struct vlapic *l, u32 value, u64 now_ns);
bool vlapic_timer_write_deadline(struct vlapic *l, u64 value, u64 now_ns, u64 now_tsc);

/* vlapic.c: note an error of the given kind and raise the error interrupt if the guest wants it. */
void vlapic_error(struct vlapic *l, u32 esr_bit);

#endif
