/* SPDX-License-Identifier: GPL-2.0-only */
/* The reset functions of the single fakes, for fakes_reset() only. */
#ifndef FAKES_INTERNAL_H
#define FAKES_INTERNAL_H

void fake_mmio_reset(void);
void fake_time_reset(void);
void fake_phys_reset(void);
void fake_events_reset(void);
void fake_log_reset(void);
void fake_cpu_reset(void);
void fake_steps_reset(void);

#endif
