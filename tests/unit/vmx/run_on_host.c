/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmx/fake_insn.h"
/* Behind it, so that it takes the place of the real instructions. */
#include "vmm/vmx/run.c"
