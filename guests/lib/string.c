/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's memory and text functions, compiled once more with the guests' flags. */
#include "base/hw/string.c"
