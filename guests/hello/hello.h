/* SPDX-License-Identifier: GPL-2.0-only */
/* hello: what a VM without devices can check about itself, and the misbehaviour that tests ask it
 * for. */
#ifndef GUESTS_HELLO_H
#define GUESTS_HELLO_H

#include "guest.h"

/* One thing that `do=<name>[=<hex number>]` makes hello do. Returns an exit status. */
struct behaviour {
	const char *name;
	int (*run)(u64 argument);
};

/* misbehave.c: ends with a row without name. */
extern const struct behaviour misbehaviours[];

/* measure.c */
void measure_exits(void);
int many_cpuids(u64 argument);

/* watch.c */
int watch_ram(u64 argument);

/* echo.c */
int echo_lines(u64 argument);

/* corners.c */
int check_corners(u64 argument);
int check_real_mode(u64 argument);
int init_to_self(u64 argument);

/* irqstorm.c */
int storm_of_vf(u64 argument);

/* reset.c */
int reset_vf(u64 argument);
int reboot_forever(u64 argument);

#endif
