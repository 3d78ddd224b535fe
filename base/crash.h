/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The crash record: one page of its own in the image. It stays when the machine has stopped or has
 * been reset, until a boot loader writes the image anew; tests and debuggers read it from physical
 * memory, at the address that the console tells.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include "base/types.h"

#define CRASH_MAGIC   0x4853415243504f43ull /* "COPCRASH" */
#define CRASH_VERSION 1

struct crash_record {
	u64 magic;
	u32 version;
	u32 cpu;
	u64 vector; /* exception vector, ~0 for hv_bug() */
	u64 error_code, rip, rsp, rflags, cr2, cr3;
	u64 gpr[16];     /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
	u64 exit_reason; /* of the vCPU that ran here last, ~0 = none */
	u64 guest_rip;
	char vm[32];
	char text[256];
};
extern struct crash_record crash_record;

#endif
