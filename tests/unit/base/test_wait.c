/* SPDX-License-Identifier: GPL-2.0-only */
/* Bounded waits, and errors with their reasons. */
#include "base_test.h"

#include "base/time.h"

struct device {
	unsigned polls, done_at_poll;
	u64 done_at_ns;
};

static bool is_done(void *ctx)
{
	struct device *d = ctx;

	d->polls++;
	if (d->done_at_poll)
		return d->polls >= d->done_at_poll;
	return fake_time_now() >= d->done_at_ns;
}

static void what_is_done_is_not_waited_for(void **state)
{
	struct device d = { .done_at_poll = 1 };

	(void)state;
	assert_int_equal(wait_until(is_done, &d, NS_PER_S), OK);
	assert_int_equal(d.polls, 1);
	assert_true(fake_time_now() < NS_PER_MS);
}

static void a_wait_ends_when_the_device_is_done(void **state)
{
	struct device d = { .done_at_ns = 5 * NS_PER_MS };

	(void)state;
	assert_int_equal(wait_until(is_done, &d, NS_PER_S), OK);
	assert_true(fake_time_now() < 6 * NS_PER_MS);
}

static void a_device_that_never_ends_is_a_timeout(void **state)
{
	struct device d = { .done_at_ns = ~0ull };

	(void)state;
	assert_int_equal(wait_until(is_done, &d, NS_PER_MS), ERR_TIMEOUT);
	assert_in_range(fake_time_now(), NS_PER_MS, 2 * NS_PER_MS);
}

static void somebody_who_was_away_past_the_deadline_looks_once_more(void **state)
{
	struct device d = { .done_at_poll = 2 };

	(void)state;
	/* Each look at the clock takes 0.6 s: the deadline passes after one poll. */
	fake_time_set_step(6 * NS_PER_S / 10);
	assert_int_equal(wait_until(is_done, &d, NS_PER_S), OK);
	assert_int_equal(d.polls, 2);
}

static void no_time_at_all_still_looks_once(void **state)
{
	struct device done = { .done_at_poll = 1 }, never = { .done_at_ns = ~0ull };

	(void)state;
	assert_int_equal(wait_until(is_done, &done, 0), OK);
	assert_int_equal(wait_until(is_done, &never, 0), ERR_TIMEOUT);
}

static void an_error_carries_code_place_and_text(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(fail(&why, ERR_DEVICE, rid_make(0, 1, 2, 3), "found %d", 7), ERR_DEVICE);
	assert_int_equal(why.code, ERR_DEVICE);
	assert_int_equal(why.rid.id, 0x113);
	assert_string_equal(why.text, "found 7");
	assert_int_equal(fail(NULL, ERR_BUSY, RID_NONE, "nobody asks"), ERR_BUSY);
}

static void every_error_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = ERR_DEVICE; a <= OK; a++)
		for (int b = ERR_DEVICE; b < a; b++)
			assert_string_not_equal(err_name(a), err_name(b));
	assert_string_equal(err_name((enum err) - 100), "unknown");
	assert_string_equal(err_name((enum err)5), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_done_is_not_waited_for),
		TEST(a_wait_ends_when_the_device_is_done),
		TEST(a_device_that_never_ends_is_a_timeout),
		TEST(somebody_who_was_away_past_the_deadline_looks_once_more),
		TEST(no_time_at_all_still_looks_once),
		TEST(an_error_carries_code_place_and_text),
		TEST(every_error_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
