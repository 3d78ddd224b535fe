/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * COM1 as a queue. At 115200 baud a line of text takes 9 ms: whoever writes it must not wait so
 * long in the middle of an exit. So writers leave text here and the boot core sends it, a little
 * in each service tick. Until the first tick, and in a crash, text is sent at once. The caller
 * holds the console's lock.
 */
#ifndef VMM_UI_COM1_H
#define VMM_UI_COM1_H

#include "base/types.h"

/* Append. If the queue is full the writer sends what is in its way itself: nothing is lost. */
void com1_write(const char *text, size_t len);

/* Less than half full: there is room for what may as well be left out. */
bool com1_has_room(void);

/* The cursor stands at the beginning of a line. */
bool com1_at_line_start(void);

/* Send what the port takes without waiting, one FIFO's worth; returns how much that was. From the
 * first call on, com1_write() queues. */
size_t com1_send(void);
bool com1_is_waiting(void);

/* Send everything now, however long it takes. */
void com1_flush(void);

/* The same, and no queueing ever after: the machine is about to stop. */
void com1_stop_queueing(void);

#endif
