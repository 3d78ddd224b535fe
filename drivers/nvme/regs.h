/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers, commands and Identify data, as far as this driver and its mediation use them.
 * NVM Express Base Specification 2.0c; section numbers in brackets.
 */
#ifndef DRIVERS_NVME_REGS_H
#define DRIVERS_NVME_REGS_H

#include "base/types.h"

#define NVME_CLASS_CODE 0x010802 /* mass storage, NVM, NVMe I/O controller */

/* Offsets in BAR 0 [3.1.3]. */
enum nvme_reg {
	NVME_CAP = 0x00, /* 64 bits */
	NVME_VS = 0x08,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
	NVME_AQA = 0x24,
	NVME_ASQ = 0x28, /* 64 bits */
	NVME_ACQ = 0x30, /* 64 bits */
	NVME_CRTO = 0x68,
	NVME_DOORBELLS = 0x1000,
};
#define NVME_REGISTER_BAR   0
#define NVME_BAR_BYTES_MIN  0x2000
#define NVME_DOORBELL_BYTES 4

/* CAP [3.1.3.1]. */
#define CAP_MQES(cap)   ((u32)((cap)&0xffff)) /* 0-based */
#define CAP_TO(cap)     ((u32)((cap) >> 24 & 0xff))
#define CAP_TO_UNIT_MS  500
#define CAP_DSTRD(cap)  ((u32)((cap) >> 32 & 0xf))
#define CAP_NSSRS       BIT64(36)
#define CAP_CSS_NVM     BIT64(37)
#define CAP_BPS         BIT64(45)
#define CAP_MPSMIN(cap) ((u32)((cap) >> 48 & 0xf))
#define CAP_MPSMAX_MASK BITS64(55, 52)
#define CAP_PMRS        BIT64(56)
#define CAP_CMBS        BIT64(57)
#define CAP_CRMS_MASK   BITS64(60, 59)

/* CC [3.1.3.5]. */
#define CC_EN           BIT(0)
#define CC_CSS_MASK     (7u << 4)
#define CC_MPS_MASK     (0xfu << 7)
#define CC_AMS_MASK     (7u << 11)
#define CC_SHN_MASK     (3u << 14)
#define CC_IOSQES(log2) ((u32)(log2) << 16)
#define CC_IOCQES(log2) ((u32)(log2) << 20)
#define CC_IOSQES_MASK  (0xfu << 16)
#define CC_IOCQES_MASK  (0xfu << 20)
#define NVME_SQE_LOG2   6
#define NVME_CQE_LOG2   4

/* CSTS [3.1.3.6]. */
#define CSTS_RDY BIT(0)
#define CSTS_CFS BIT(1)

/* AQA [3.1.3.8]: sizes of the admin queues, 0-based. */
#define AQA_ENTRIES(sq, cq) (((u32)(cq)-1) << 16 | ((u32)(sq)-1))
#define AQA_SQ_ENTRIES(aqa) (((aqa)&0xfff) + 1)
#define AQA_CQ_ENTRIES(aqa) (((aqa) >> 16 & 0xfff) + 1)
#define AQA_ENTRIES_MIN     2

/* A submission queue entry [3.3.3.1]. Little endian, as we are. */
struct nvme_command {
	u8 opcode, flags;
	u16 cid;
	u32 nsid;
	u32 cdw2, cdw3;
	u64 metadata;
	u64 prp1, prp2;
	u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 1 << NVME_SQE_LOG2, "NVMe 2.0 figure 87");
#define COMMAND_FUSE_MASK 0x03u
#define COMMAND_PSDT_MASK 0xc0u

/* A completion queue entry [3.3.3.2]. */
struct nvme_completion {
	u32 dw0, dw1;
	u16 sq_head, sq_id;
	u16 cid;
	u16 status; /* bit 0 = phase, then the status field */
};
_Static_assert(sizeof(struct nvme_completion) == 1 << NVME_CQE_LOG2, "NVMe 2.0 figure 90");
#define COMPLETION_PHASE BIT(0)

/* The status field without the phase: code, type, more, do not retry [3.3.3.2.1]. */
#define NVME_STATUS(entry)   ((u16)((entry) >> 1))
#define STATUS_TYPE_AND_CODE 0x7ffu
#define STATUS_DNR           BIT(14)
enum nvme_status {
	NVME_SUCCESS = 0x000,
	NVME_INVALID_OPCODE = 0x001,
	NVME_INVALID_FIELD = 0x002,
	NVME_INVALID_NAMESPACE = 0x00b,
	NVME_INVALID_QUEUE = 0x101,
	NVME_INVALID_VECTOR = 0x108,
	NVME_INVALID_LOG_PAGE = 0x109,
	NVME_NOT_SAVEABLE = 0x10d,
	NVME_NOT_CHANGEABLE = 0x10e,
	NVME_ALREADY_ATTACHED = 0x118,
	NVME_PRIVATE = 0x119,
	NVME_NOT_ATTACHED = 0x11a,
	NVME_BAD_CONTROLLER_LIST = 0x11c,
	NVME_INVALID_CONTROLLER = 0x11f,
	NVME_INVALID_SECONDARY_STATE = 0x120,
	NVME_INVALID_RESOURCE_COUNT = 0x121,
	NVME_INVALID_RESOURCE_ID = 0x122,
};

/* Admin commands [5, figure 138]. */
enum nvme_opcode {
	NVME_DELETE_SQ = 0x00,
	NVME_CREATE_SQ = 0x01,
	NVME_GET_LOG_PAGE = 0x02,
	NVME_DELETE_CQ = 0x04,
	NVME_CREATE_CQ = 0x05,
	NVME_IDENTIFY = 0x06,
	NVME_ABORT = 0x08,
	NVME_SET_FEATURES = 0x09,
	NVME_GET_FEATURES = 0x0a,
	NVME_ASYNC_EVENT = 0x0c,
	NVME_NAMESPACE_MANAGEMENT = 0x0d,
	NVME_FIRMWARE_COMMIT = 0x10,
	NVME_FIRMWARE_DOWNLOAD = 0x11,
	NVME_SELF_TEST = 0x14,
	NVME_NAMESPACE_ATTACHMENT = 0x15,
	NVME_KEEP_ALIVE = 0x18,
	NVME_DIRECTIVE_SEND = 0x19,
	NVME_DIRECTIVE_RECEIVE = 0x1a,
	NVME_VIRTUALIZATION = 0x1c,
	NVME_MI_SEND = 0x1d,
	NVME_MI_RECEIVE = 0x1e,
	NVME_RESERVED_OPCODE = 0x3f, /* of no command */
	NVME_DOORBELL_BUFFER = 0x7c,
	NVME_FORMAT = 0x80,
	NVME_SECURITY_SEND = 0x81,
	NVME_SECURITY_RECEIVE = 0x82,
	NVME_SANITIZE = 0x84,
	NVME_LBA_STATUS = 0x86,
};

/* Identify: Controller or Namespace Structure [5.17.1, figure 273]. */
enum nvme_cns {
	CNS_NAMESPACE = 0x00,
	CNS_CONTROLLER = 0x01,
	CNS_ACTIVE_NAMESPACES = 0x02,
	CNS_DESCRIPTORS = 0x03,
	CNS_SET_NAMESPACE = 0x05,
	CNS_SET_CONTROLLER = 0x06,
	CNS_SET_ACTIVE_NAMESPACES = 0x07,
	CNS_INDEPENDENT_NAMESPACE = 0x08,
	CNS_ALLOCATED_NAMESPACES = 0x10,
	CNS_ATTACHED_CONTROLLERS = 0x12,
	CNS_PRIMARY = 0x14,
	CNS_SECONDARY_LIST = 0x15,
	CNS_COMMAND_SETS = 0x1c,
};
#define CDW10_CNS(cdw10)    ((u8)(cdw10))
#define CDW10_CNTID(cntlid) ((u32)(cntlid) << 16)
#define NSID_ALL            0xffffffffu
#define IDENTIFY_BYTES      4096u
#define IDENTIFY_NSIDS      (IDENTIFY_BYTES / sizeof(u32))

/* Identify Controller data [figure 275]. */
enum nvme_identify_controller {
	ID_CNTLID = 78,
	ID_OACS = 256,
	ID_APSTA = 265,
	ID_HMPRE = 272,
	ID_HMMIN = 276,
	ID_SANICAP = 328,
	ID_NN = 516,
};
#define OACS_NAMESPACE_MANAGEMENT BIT(3)
#define OACS_VIRTUALIZATION       BIT(7)

/* A list of controllers: a count, then identifiers, ascending [figure 88]. */
struct nvme_controller_list {
	u16 count;
	u16 id[2047];
};
_Static_assert(sizeof(struct nvme_controller_list) == IDENTIFY_BYTES, "NVMe 2.0 figure 137");

/* Primary Controller Capabilities [figure 286]. One block per kind of resource. */
struct nvme_flexible {
	u32 total;    /* FRT: flexible resources in all */
	u32 assigned; /* RFA: to secondary controllers */
	u16 primary;  /* RFAP: allocated to the primary controller */
	u16 private;  /* PRT: the primary's own, not flexible */
	u16 each_max; /* FRSM: most that one secondary controller can have */
	u16 grain;    /* GRAN: preferred granularity */
	u8 reserved[16];
};
struct nvme_primary {
	u16 cntlid, port;
	u8 types; /* CRT */
	u8 reserved[27];
	struct nvme_flexible queues, interrupts;
};
_Static_assert(offsetof(struct nvme_primary, interrupts) == 64, "NVMe 2.0 figure 286");
#define PRIMARY_QUEUES     BIT(0)
#define PRIMARY_INTERRUPTS BIT(1)

/* An entry of the Secondary Controller List, from byte 32 on [figures 287, 288]. */
struct nvme_secondary {
	u16 cntlid, primary;
	u8 state, reserved0[3];
	u16 vf; /* VFN: 1-based, 0 = none */
	u16 queues, interrupts;
	u8 reserved1[18];
};
_Static_assert(sizeof(struct nvme_secondary) == 32, "NVMe 2.0 figure 288");
#define SECONDARY_LIST_HEADER 32
#define SECONDARY_LIST_MAX    127
#define SECONDARY_ONLINE      BIT(0)

/* Virtualization Management [5.28]. */
enum nvme_virt_action {
	VIRT_PRIMARY_ALLOCATE = 1,
	VIRT_OFFLINE = 7,
	VIRT_ASSIGN = 8,
	VIRT_ONLINE = 9,
};
enum nvme_resource {
	RESOURCE_QUEUES = 0,
	RESOURCE_INTERRUPTS = 1,
};
#define VIRT_CDW10(action, resource, cntlid)                                                       \
	((u32)(cntlid) << 16 | (u32)(resource) << 8 | (u32)(action))

/* Namespace Attachment [5.19]. */
#define ATTACHMENT_ATTACH 0u
#define ATTACHMENT_DETACH 1u

/* Features [5.27.1, figure 317], their selectors and bits. */
enum nvme_feature {
	FEATURE_ARBITRATION = 0x01,
	FEATURE_POWER = 0x02,
	FEATURE_TEMPERATURE = 0x04,
	FEATURE_ERROR_RECOVERY = 0x05,
	FEATURE_WRITE_CACHE = 0x06,
	FEATURE_QUEUES = 0x07,
	FEATURE_COALESCING = 0x08,
	FEATURE_VECTOR = 0x09,
	FEATURE_ATOMICITY = 0x0a,
	FEATURE_EVENTS = 0x0b,
	FEATURE_AUTONOMOUS_POWER = 0x0c,
	FEATURE_TIMESTAMP = 0x0e,
	FEATURE_KEEP_ALIVE = 0x0f,
	FEATURE_HOST_BEHAVIOR = 0x16,
	FEATURE_COMMAND_SETS = 0x19,
};
#define FEATURE_SAVE BIT(31)

/* Log pages [5.16.1, figure 198]. */
enum nvme_log {
	LOG_SUPPORTED = 0x00,
	LOG_ERRORS = 0x01,
	LOG_HEALTH = 0x02,
	LOG_FIRMWARE = 0x03,
	LOG_CHANGED_NAMESPACES = 0x04,
	LOG_EFFECTS = 0x05,
	LOG_ANA = 0x0c,
};

/* Create and delete I/O queues [5.4 to 5.7]; Abort [5.1]. */
#define CDW10_QID(cdw10)       ((u16)(cdw10))
#define CDW10_QSIZE(cdw10)     ((u16)((cdw10) >> 16)) /* 0-based */
#define CREATE_CONTIGUOUS      BIT(0)
#define CREATE_INTERRUPTS      BIT(1)
#define CREATE_VECTOR(cdw11)   ((u16)((cdw11) >> 16))
#define CREATE_SQ_CQID(cdw11)  ((u16)((cdw11) >> 16))
#define ABORT_SQID(cdw10)      ((u16)(cdw10))
#define ABORT_CID(cdw10)       ((u16)((cdw10) >> 16))
#define ABORT_CDW10(sqid, cid) ((u32)(cid) << 16 | (u32)(sqid))
#define ABORT_NOT_DONE         BIT(0) /* DW0 of its completion */

/* What virtual controllers of a subsystem cannot do with less [8.26]. */
#define SECONDARY_QUEUES_MIN     2 /* the admin queue pair and one for I/O */
#define SECONDARY_INTERRUPTS_MIN 1

#endif
