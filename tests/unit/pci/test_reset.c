/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Function Level Reset: the sequence, and every way in which it may not have happened (S14, S15).
 */
#include "machine.h"

static struct vf *vf;
static struct fake_function *device;
static struct why why;

static int begin(void **state)
{
	begin_igb(state);
	vf = &enable_all()->vfs[2];
	device = fake_vf(igb, 2);
	vf_set_command(vf, true, true);
	pci_write16(vf->rid, 0x70 + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
	memset(&why, 0, sizeof(why));
	fake_events_clear();
	return 0;
}

#define RUNNING(test) cmocka_unit_test_setup(test, begin)

#define TICK_NS (10 * NS_PER_MS)

/* As the boot core does it: a look now and then. */
static enum err reset(void)
{
	struct vf_reset r;
	u64 begin_ns = fake_time_now();

	vf_reset_start(&r, vf);
	while (!vf_reset_over(&r)) {
		assert_true(fake_time_now() - begin_ns < VF_RESET_LONGEST_NS + 4 * TICK_NS);
		fake_time_advance(TICK_NS);
	}
	return vf_reset_verify(&r, &why);
}

static void expect(enum err code, const char *text)
{
	assert_int_equal(reset(), code);
	if (!strstr(why.text, text))
		fail_msg("expected '%s' in '%s'", text, why.text);
}

static void a_reset_vf_has_reset_values(void **state)
{
	(void)state;
	assert_int_equal(reset(), OK);
	assert_int_equal(device->flrs, 1);
	assert_int_equal(pci_read16(vf->rid, PCI_COMMAND), 0);
	assert_int_equal(pci_read16(vf->rid, 0x70 + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE, 0);
	assert_int_equal(device->early_accesses, 0);
}

/* The golden trace: what is written, in which order, and how long we wait. */
static void bus_mastering_goes_off_before_the_flr_and_100_ms_follow_it(void **state)
{
	(void)state;
	u64 config = FAKE_ECAM_BASE + ((u64)vf->rid.id << 12);

	assert_int_equal(reset(), OK);
	assert_int_equal(fake_event(0)->kind, FAKE_MMIO_WRITE);
	assert_int_equal(fake_event(0)->address, config + PCI_COMMAND);
	assert_int_equal(fake_event(0)->value, 0);
	assert_int_equal(fake_event(1)->address, config + 0xa0 + PCI_EXP_DEVCTL);
	assert_true(fake_event(1)->value & PCI_EXP_DEVCTL_BCR_FLR);
	assert_int_equal(device->early_accesses, 0);
	assert_true(fake_time_now() >= 100 * NS_PER_MS);
}

static void nobody_waits_in_here(void **state)
{
	(void)state;
	struct vf_reset r;
	u64 before = fake_time_now();

	device->faults.pending_ns = 300 * NS_PER_MS;
	vf_set_command(vf, true, true);
	vf_reset_start(&r, vf);
	assert_int_equal(device->flrs, 0); /* not drained */
	for (unsigned look = 0; look < 10; look++)
		assert_false(vf_reset_over(&r));
	assert_true(fake_time_now() - before < NS_PER_MS);
	fake_time_advance(300 * NS_PER_MS);
	assert_false(vf_reset_over(&r));
	assert_int_equal(device->flrs, 1);
	assert_false(vf_reset_over(&r));
	fake_time_advance(99 * NS_PER_MS);
	assert_false(vf_reset_over(&r));
	assert_int_equal(vf_reset_verify(&r, &why), ERR_TIMEOUT); /* and does not touch it */
	fake_time_advance(1 * NS_PER_MS);
	assert_true(vf_reset_over(&r)); /* at the first look after 100 ms */
	assert_int_equal(vf_reset_verify(&r, &why), OK);
	assert_int_equal(vf_reset_verify(&r, &why), OK);
	assert_int_equal(device->early_accesses, 0);
}

static void all_vfs_of_a_card_are_reset_in_the_time_of_one(void **state)
{
	(void)state;
	struct vf_reset r[7];
	u64 before = fake_time_now();
	bool over = false;

	for (unsigned i = 0; i < 7; i++)
		vf_reset_start(&r[i], vf - 2 + i);
	while (!over) {
		over = true;
		for (unsigned i = 0; i < 7; i++)
			over &= vf_reset_over(&r[i]);
		fake_time_advance(NS_PER_MS);
	}
	assert_true(fake_time_now() - before < 110 * NS_PER_MS);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(vf_reset_verify(&r[i], &why), OK);
		assert_int_equal(fake_vf(igb, i)->flrs, 1);
		assert_int_equal(fake_vf(igb, i)->early_accesses, 0);
	}
}

static void one_that_does_not_answer_is_told_apart_from_its_neighbours(void **state)
{
	(void)state;
	struct vf_reset r[2];

	device->faults.flr_ns = FAKE_NEVER;
	vf_reset_start(&r[0], vf);
	vf_reset_start(&r[1], vf + 1);
	fake_time_advance(100 * NS_PER_MS);
	assert_false(vf_reset_over(&r[0]));
	assert_true(vf_reset_over(&r[1]));
	assert_int_equal(vf_reset_verify(&r[0], &why), ERR_TIMEOUT); /* not over: not believed */
	fake_time_advance(NS_PER_S);
	assert_true(vf_reset_over(&r[0]));
	assert_int_equal(vf_reset_verify(&r[0], &why), ERR_TIMEOUT);
	assert_int_equal(vf_reset_verify(&r[1], &why), OK);
}

static void the_command_register_is_written_even_if_it_reads_zero(void **state)
{
	(void)state;
	/*
	 * QEMU: bus mastering reads 0 after an FLR, but the window closes only with the next write.
	 */
	vf_set_command(vf, false, true);
	device->config[PCI_COMMAND] = 0;
	assert_true(device->dma_open);
	assert_int_equal(reset(), OK);
	assert_false(device->dma_open);
}

static void the_pf_and_the_other_vfs_are_not_touched(void **state)
{
	(void)state;
	u64 config = FAKE_ECAM_BASE + ((u64)vf->rid.id << 12);

	fake_events_record(FAKE_MMIO_READ, true);
	fake_events_clear();
	assert_int_equal(reset(), OK);
	for (unsigned i = 0; i < fake_event_count(); i++)
		if (fake_event(i)->kind == FAKE_MMIO_WRITE || fake_event(i)->kind == FAKE_MMIO_READ)
			assert_int_equal(fake_event(i)->address & ~0xfffull, config);
	assert_int_equal(fake_vf(igb, 1)->flrs, 0);
	assert_int_equal(igb->flrs, 0);
}

static void a_vf_that_is_ready_after(u64 ms, enum err expected)
{
	device->faults.flr_ns = ms * NS_PER_MS;
	assert_int_equal(reset(), expected);
	assert_int_equal(device->early_accesses, 0);
}

static void ready_after_99_100_and_101_ms_is_in_time(void **state)
{
	a_vf_that_is_ready_after(99, OK);
	begin(state);
	a_vf_that_is_ready_after(100, OK);
	begin(state);
	a_vf_that_is_ready_after(101, OK);
	begin(state);
	a_vf_that_is_ready_after(1000, OK);
}

static void ready_after_60_s_is_a_timeout(void **state)
{
	(void)state;
	u64 before = fake_time_now();

	a_vf_that_is_ready_after(60000, ERR_TIMEOUT);
	assert_non_null(strstr(why.text, "no answer within 1.1 s of FLR"));
	assert_true(fake_time_now() - before < 1200 * NS_PER_MS);
}

static void never_ready_is_a_timeout(void **state)
{
	(void)state;
	device->faults.flr_ns = FAKE_NEVER;
	expect(ERR_TIMEOUT, "0000:01:10.4: no answer within 1.1 s");
	assert_int_equal(why.code, ERR_TIMEOUT);
}

static void another_device_that_answers_is_an_error(void **state)
{
	(void)state;
	device->faults.flr_changes_id = true;
	expect(ERR_DEVICE, "another device answers: class and revision 02000000");
}

static void bus_mastering_after_the_reset_is_an_error(void **state)
{
	(void)state;
	device->initial[PCI_COMMAND] = PCI_COMMAND_MASTER;
	expect(ERR_DEVICE, "FLR left it running: Command 0004 (expected 0)");
}

static void msix_enable_that_survives_is_an_error(void **state)
{
	(void)state;
	device->faults.flr_keeps_msix = true;
	expect(ERR_DEVICE, "MSI-X control 8002 (expected Enable 0)");
}

static void a_vf_that_never_drains_is_reset_but_not_believed(void **state)
{
	(void)state;
	device->faults.pending_ns = 3600 * NS_PER_S;
	expect(ERR_TIMEOUT, "transactions were still pending after 700 ms");
	assert_int_equal(device->flrs, 1);
}

static void a_vf_that_drains_late_is_waited_for(void **state)
{
	(void)state;
	device->faults.pending_ns = 300 * NS_PER_MS;
	assert_int_equal(reset(), OK);
	assert_true(fake_time_now() >= 400 * NS_PER_MS);
}

static void a_vf_that_fell_off_the_bus_is_a_timeout(void **state)
{
	(void)state;
	device->faults.dead = true;
	expect(ERR_TIMEOUT, "no answer");
}

static void without_flr_there_is_no_reset(void **state)
{
	(void)state;
	vf->function->flr = false;
	expect(ERR_UNSUPPORTED, "no Function Level Reset");
	assert_int_equal(device->flrs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING(a_reset_vf_has_reset_values),
		RUNNING(bus_mastering_goes_off_before_the_flr_and_100_ms_follow_it),
		RUNNING(nobody_waits_in_here),
		RUNNING(all_vfs_of_a_card_are_reset_in_the_time_of_one),
		RUNNING(one_that_does_not_answer_is_told_apart_from_its_neighbours),
		RUNNING(the_command_register_is_written_even_if_it_reads_zero),
		RUNNING(the_pf_and_the_other_vfs_are_not_touched),
		RUNNING(ready_after_99_100_and_101_ms_is_in_time),
		RUNNING(ready_after_60_s_is_a_timeout),
		RUNNING(never_ready_is_a_timeout),
		RUNNING(another_device_that_answers_is_an_error),
		RUNNING(bus_mastering_after_the_reset_is_an_error),
		RUNNING(msix_enable_that_survives_is_an_error),
		RUNNING(a_vf_that_never_drains_is_reset_but_not_believed),
		RUNNING(a_vf_that_drains_late_is_waited_for),
		RUNNING(a_vf_that_fell_off_the_bus_is_a_timeout),
		RUNNING(without_flr_there_is_no_reset),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
