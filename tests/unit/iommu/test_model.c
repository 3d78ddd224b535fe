/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random operations against a model that is nothing but an array: after each, what the unit lets
 * through (with warm caches) is what the model says.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

#define PAGE     4096ull
#define PAGES    2048u /* 8 MiB of device addresses */
#define DOMAINS  3
#define ROUNDS   3000
#define UNMAPPED ~0ull

struct model {
	struct iommu_domain *d;
	u64 to[PAGES];
};

static struct model model[DOMAINS];
static struct rid functions[] = { { 0, 0x0180 }, { 0, 0x0182 }, { 0, 0x0400 } };
static int owner[ARRAY_LEN(functions)];

static void check_function(unsigned f, unsigned page)
{
	u64 offset = (u64)rand() % PAGE;
	struct fake_vtd_result r =
		fake_vtd_dma(&unit, functions[f].id, page * PAGE + offset, rand() & 1);
	u64 expected = owner[f] < 0 ? UNMAPPED : model[owner[f]].to[page];

	assert_int_equal(r.ok, expected != UNMAPPED);
	if (r.ok)
		assert_int_equal(r.to, expected + offset);
}

static void try_map(struct model *m, unsigned first, unsigned count)
{
	/* Half of the time aligned such that large leaves are possible. */
	u64 to = (1ull << 33) + (rand() & 1 ? first : (unsigned)rand() % PAGES) * PAGE;
	bool free = true;
	enum err e;

	for (unsigned i = 0; i < count; i++)
		free &= m->to[first + i] == UNMAPPED;
	e = iommu_map(m->d, iova(first * PAGE), hpa(to), count * PAGE, IOMMU_READ | IOMMU_WRITE,
		      &why);
	assert_int_equal(e, free ? OK : ERR_BUSY);
	for (unsigned i = 0; free && i < count; i++)
		m->to[first + i] = to + i * PAGE;
}

static void do_unmap(struct model *m, unsigned first, unsigned count)
{
	unmap(m->d, first * PAGE, count * PAGE);
	for (unsigned i = 0; i < count; i++)
		m->to[first + i] = UNMAPPED;
}

static void do_attach(unsigned f)
{
	owner[f] = rand() % (DOMAINS + 1) - 1;
	assert_int_equal(iommu_attach(owner[f] < 0 ? NULL : model[owner[f]].d, functions[f], &why),
			 OK);
}

static void some_range(unsigned *first, unsigned *count)
{
	if (rand() % 3 == 0) {
		*first = (unsigned)rand() % (PAGES / 512) * 512;
		*count = 512 * (1 + (unsigned)rand() % (PAGES / 512 - *first / 512));
		return;
	}
	*first = (unsigned)rand() % PAGES;
	*count = 1 + (unsigned)rand() % MIN(PAGES - *first, 40u);
}

static void round_of_random_operations(u64 cap)
{
	unsigned first, count;

	begin_on(cap, FAKE_VTD_ECAP);
	for (unsigned i = 0; i < DOMAINS; i++) {
		model[i].d = new_domain("model");
		memset(model[i].to, 0xff, sizeof(model[i].to));
	}
	for (unsigned f = 0; f < ARRAY_LEN(functions); f++)
		do_attach(f);
	for (unsigned n = 0; n < ROUNDS; n++) {
		struct model *m = &model[rand() % DOMAINS];

		some_range(&first, &count);
		switch (rand() % 5) {
		case 0:
		case 1: try_map(m, first, count); break;
		case 2:
		case 3: do_unmap(m, first, count); break;
		default: do_attach((unsigned)rand() % ARRAY_LEN(functions));
		}
		for (unsigned f = 0; f < ARRAY_LEN(functions); f++) {
			check_function(f, first);
			check_function(f, first + count - 1);
			check_function(f, (unsigned)rand() % PAGES);
		}
	}
}

static void the_unit_agrees_with_a_plain_array(void **state)
{
	(void)state;
	u64 variants[] = { FAKE_VTD_CAP,
			   FAKE_VTD_CAP | FAKE_CAP_CM,
			   FAKE_VTD_CAP & ~FAKE_CAP_SLLPS,
			   FAKE_VTD_CAP & ~FAKE_CAP_PSI,
			   (FAKE_VTD_CAP & ~FAKE_CAP_SAGAW) | 2 << 8,
			   (FAKE_VTD_CAP & ~FAKE_CAP_MAMV) | 3ull << 48 };

	srand(1);
	for (unsigned i = 0; i < ARRAY_LEN(variants); i++)
		round_of_random_operations(variants[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unit_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
