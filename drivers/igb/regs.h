/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the Intel 82576 that a PF driver needs. Intel 82576EB datasheet, revision 2.63,
 * chapter 8; sections stand next to each group. Offsets are bytes in BAR 0 of the PF, all registers
 * have 32 bits.
 */
#ifndef DRIVERS_IGB_REGS_H
#define DRIVERS_IGB_REGS_H

#include "base/types.h"

#define IGB_BAR_BYTES     0x20000
#define IGB_POOLS         8 /* pool n has queues n and n + 8 (section 7.10.3) */
#define IGB_QUEUES        16
#define IGB_MAILBOX_WORDS 16
#define IGB_RAR_ENTRIES   24
#define IGB_VLVF_ENTRIES  32
#define IGB_MTA_WORDS     128
#define IGB_VFTA_WORDS    128
#define IGB_VF_VECTORS    3
#define IGB_MSIX_CAUSES   25 /* EICR bits in MSI-X mode; VF n owns 22 - 3n .. 24 - 3n */

enum igb_reg {
	/* General, section 8.2 */
	IGB_CTRL = 0x00000,
	IGB_STATUS = 0x00008,
	IGB_CTRL_EXT = 0x00018,
	IGB_MDIC = 0x00020,
	/* Interrupts, section 8.8 */
	IGB_ICR = 0x01500,
	IGB_IMS = 0x01508,
	IGB_IMC = 0x0150c,
	IGB_IAM = 0x01510,
	IGB_GPIE = 0x01514,
	IGB_EIMS = 0x01524,
	IGB_EIMC = 0x01528,
	IGB_EIAC = 0x0152c,
	IGB_EIAM = 0x01530,
	IGB_EICR = 0x01580,
	IGB_EITR0 = 0x01680,
	IGB_IVAR0 = 0x01700,
	IGB_IVAR_MISC = 0x01740,
	/* Receive and filters, sections 8.10, 8.11 */
	IGB_RCTL = 0x00100,
	IGB_RLPML = 0x05004,
	IGB_MTA0 = 0x05200,
	IGB_RAL0 = 0x05400,
	IGB_RAL16 = 0x054e0, /* entries 16..23 */
	IGB_VFTA0 = 0x05600,
	IGB_MRQC = 0x05818,
	IGB_UTA0 = 0x0a000,
	/* Transmit, section 8.12 */
	IGB_TCTL = 0x00400,
	IGB_DTXCTL = 0x03590,
	IGB_RTTDQSEL = 0x03604,
	IGB_RTTBCNRM = 0x03690,
	IGB_RTTBCNRC = 0x036b0,
	/* Queues: n * IGB_QUEUE_STRIDE */
	IGB_RDBAL0 = 0x0c000,
	IGB_RDBAH0 = 0x0c004,
	IGB_RDLEN0 = 0x0c008,
	IGB_SRRCTL0 = 0x0c00c,
	IGB_RDH0 = 0x0c010,
	IGB_RXCTL0 = 0x0c014,
	IGB_RDT0 = 0x0c018,
	IGB_RXDCTL0 = 0x0c028,
	IGB_TDBAL0 = 0x0e000,
	IGB_TDBAH0 = 0x0e004,
	IGB_TDLEN0 = 0x0e008,
	IGB_TDH0 = 0x0e010,
	IGB_TXCTL0 = 0x0e014,
	IGB_TDT0 = 0x0e018,
	IGB_TXDCTL0 = 0x0e028,
	IGB_TDWBAL0 = 0x0e038,
	IGB_TDWBAH0 = 0x0e03c,
	/* Virtualization, section 8.14 */
	IGB_VMBMEM0 = 0x00800,
	IGB_P2VMAILBOX0 = 0x00c00,
	IGB_MBVFICR = 0x00c80,
	IGB_MBVFIMR = 0x00c84,
	IGB_VFLRE = 0x00c88,
	IGB_VFRE = 0x00c8c,
	IGB_VFTE = 0x00c90,
	IGB_QDE = 0x02408,
	IGB_DTXSWC = 0x03500,
	IGB_LVMMC = 0x03548,
	IGB_WVBR = 0x03554,
	IGB_VMVIR0 = 0x03700,
	IGB_VT_CTL = 0x0581c,
	IGB_VMOLR0 = 0x05ad0,
	IGB_RPLOLR = 0x05af0,
	IGB_VLVF0 = 0x05d00,
	/* The VFs' own registers as the PF sees them: n * IGB_PVT_STRIDE (section 8.26) */
	IGB_PVTEIMC0 = 0x10028,
	IGB_PVTEIAC0 = 0x1002c,
	IGB_PVTEIAM0 = 0x10030,
	IGB_PVTEICR0 = 0x10080,
	IGB_VTIVAR0 = 0x11700,      /* n * 4 */
	IGB_VTIVAR_MISC0 = 0x11720, /* n * 4 */
};

#define IGB_QUEUE_STRIDE   0x40
#define IGB_PVT_STRIDE     0x100
#define IGB_MAILBOX_STRIDE 0x40

/* Register n of a row of registers `stride` bytes apart. */
static inline enum igb_reg igb_reg_n(enum igb_reg first, unsigned n, unsigned stride)
{
	return (enum igb_reg)((unsigned)first + n * stride);
}
static inline enum igb_reg igb_word(enum igb_reg first, unsigned n)
{
	return igb_reg_n(first, n, sizeof(u32));
}
static inline enum igb_reg igb_queue(enum igb_reg first, unsigned n)
{
	return igb_reg_n(first, n, IGB_QUEUE_STRIDE);
}

/* CTRL */
#define CTRL_FD                 BIT(0)
#define CTRL_GIO_MASTER_DISABLE BIT(2)
#define CTRL_SLU                BIT(6)
#define CTRL_FRCSPD             BIT(11)
#define CTRL_FRCDPX             BIT(12)
#define CTRL_RST                BIT(26)
#define CTRL_RFCE               BIT(27)
#define CTRL_TFCE               BIT(28)
/* STATUS */
#define STATUS_LU                BIT(1)
#define STATUS_SPEED(status)     ((status) >> 6 & 3) /* 0: 10, 1: 100, 2 and 3: 1000 Mbit/s */
#define STATUS_GIO_MASTER_ENABLE BIT(19)
/* CTRL_EXT */
#define CTRL_EXT_PFRSTD BIT(14)
/* MDIC */
#define MDIC_REG(r)                 ((u32)(r) << 16)
#define MDIC_PHY(p)                 ((u32)(p) << 21)
#define MDIC_WRITE                  BIT(26)
#define MDIC_READY                  BIT(28)
#define MDIC_ERROR                  BIT(30)
#define PHY_ADDRESS                 1
#define PHY_CONTROL                 0
#define PHY_CONTROL_AUTONEG_ENABLE  BIT(12)
#define PHY_CONTROL_AUTONEG_RESTART BIT(9)
#define PHY_CONTROL_FULL_DUPLEX     BIT(8)
#define PHY_CONTROL_1000            BIT(6)

/* ICR, IMS, IMC */
#define ICR_LSC      BIT(2)
#define ICR_VMMB     BIT(8)
#define ICR_DOUTSYNC BIT(28) /* also: a VF was caught spoofing */
/* GPIE */
#define GPIE_NSICR         BIT(0)
#define GPIE_MULTIPLE_MSIX BIT(4)
#define GPIE_PBA_SUPPORT   BIT(31)
/* IVAR_MISC: bits 15:8 = all causes of ICR but the TCP timer */
#define IVAR_VALID            0x80
#define IVAR_MISC_OTHER_SHIFT 8

/* RCTL */
#define RCTL_EN    BIT(1)
#define RCTL_LPE   BIT(5)
#define RCTL_BAM   BIT(15)
#define RCTL_VFE   BIT(18)
#define RCTL_SECRC BIT(26)
/* TCTL */
#define TCTL_EN BIT(1)
/* RAH */
#define RAH_POOL(pool) BIT(18 + (pool))
#define RAH_VALID      BIT(31)
/* MRQC */
#define MRQC_VMDQ_BY_MAC 3
/* RXDCTL, TXDCTL */
#define XDCTL_ENABLE   BIT(25)
#define RXDCTL_DEFAULT BIT(16) /* write-back threshold 1 */
/* DCA control: relaxed ordering as after reset */
#define RXCTL_DEFAULT 0xa200u
#define TXCTL_DEFAULT 0x2a00u

/* P2VMAILBOX */
#define P2V_STS  BIT(0)
#define P2V_ACK  BIT(1)
#define P2V_VFU  BIT(2)
#define P2V_PFU  BIT(3)
#define P2V_RVFU BIT(4)
/* MBVFICR */
#define MBVFICR_REQ(vf) BIT(vf)
#define MBVFICR_ACK(vf) BIT(16 + (vf))
/* QDE */
#define QDE_ALL_QUEUES 0xffffu
/* DTXCTL */
#define DTXCTL_VLAN_ADDED BIT(3)
/* DTXSWC */
#define DTXSWC_MAC_SPOOF(pool)  BIT(pool)
#define DTXSWC_VLAN_SPOOF(pool) BIT(8 + (pool))
#define DTXSWC_LOOPBACK         BIT(31)
/* VT_CTL */
#define VT_CTL_DEFAULT_POOL(pool) ((u32)(pool) << 7)
#define VT_CTL_NO_DEFAULT_POOL    BIT(29)
#define VT_CTL_REPLICATION        BIT(30)
/* VMOLR */
#define VMOLR_RLPML_MASK  0x3fffu
#define VMOLR_LPE         BIT(16)
#define VMOLR_UNTAGGED    BIT(24) /* AUPE */
#define VMOLR_MULTICAST   BIT(25) /* ROMPE: what the multicast hash table lets through */
#define VMOLR_BROADCAST   BIT(27) /* BAM */
#define VMOLR_PROMISCUOUS BIT(28) /* MPME: all multicast */
#define VMOLR_STRIP_VLAN  BIT(30)
#define VMOLR_STRIP_CRC   BIT(31)
/* RPLOLR */
#define RPLOLR_STRIP_VLAN BIT(30)
#define RPLOLR_STRIP_CRC  BIT(31)
/* VLVF */
#define VLVF_POOLS(mask) ((u32)(mask) << 12)
#define VLVF_VALID       BIT(31)
/* VMVIR */
#define VMVIR_ALWAYS BIT(30)
/* RTTBCNRC */
#define RTTBCNRC_ENABLE        BIT(31)
#define RTTBCNRC_INT_SHIFT     14
#define RTTBCNRC_INT_MAX       0x3fffu
#define RTTBCNRC_FRACTION_MASK 0x3fffu
#define RTTBCNRM_WINDOW        0x14 /* for 9.5 KiB frames */

/* Messages: word 0 (the mailbox protocol of Intel's igb and igbvf drivers) */
#define MESSAGE_TYPE(word) ((word)&0xffffu)
#define MESSAGE_INFO(word) ((word) >> 16 & 0xffu)
#define MESSAGE_CTS        BIT(29)
#define MESSAGE_NACK       BIT(30)
#define MESSAGE_ACK        BIT(31)
enum igb_message {
	MESSAGE_VF_RESET = 1,
	MESSAGE_SET_MAC = 2,
	MESSAGE_SET_MULTICAST = 3,
	MESSAGE_SET_VLAN = 4,
	MESSAGE_SET_LPE = 5,
	MESSAGE_SET_PROMISC = 6,
	MESSAGE_PF_CONTROL = 0x100,
};
/* SET_MAC info */
#define MAC_SET           0
#define MAC_CLEAR_FILTERS 1
#define MAC_ADD_FILTER    2
/* SET_VLAN info */
#define VLAN_ADD BIT(0)
/* SET_PROMISC info */
#define PROMISC_UNICAST   BIT(0)
#define PROMISC_MULTICAST BIT(1)

#endif
