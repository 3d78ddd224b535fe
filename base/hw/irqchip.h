/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt controllers of old: nothing shall come through them. */
#ifndef BASE_HW_IRQCHIP_H
#define BASE_HW_IRQCHIP_H

/*
 * Remap and mask both 8259s; mask every pin of the I/O APICs that the MADT names (if acpi_init()
 * has been called).
 */
void irqchip_silence(void);

#endif
