/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests and hypervisor have one formatter. It is compiled here once more, with the guests' flags.
 */
#include "base/format.c"
