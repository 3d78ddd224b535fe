/* SPDX-License-Identifier: GPL-2.0-only */
/* The allow lists, each opcode, each CNS, each feature, each log page: by number, as the
 * specification has them. */
#include <string.h>

#include "drivers/nvme/verdict.h"

static const struct nvme_share share = { .nsid = 2, .queues = 3, .interrupts = 2 };

static u16 judge(const struct nvme_command *c)
{
	struct nvme_verdict v = nvme_judge(c, &share);

	assert_true(v.status == 0 || v.reason != NULL);
	return (u16)v.status;
}

/* A form of the command that passes if any does. */
static struct nvme_command good(u8 opcode)
{
	switch (opcode) {
	case 0x00:
	case 0x04: return (struct nvme_command){ .opcode = opcode, .cdw10 = 1 };
	case 0x01: return (struct nvme_command){ .opcode = opcode, .cdw10 = 1, .cdw11 = 0x10001 };
	case 0x05: return (struct nvme_command){ .opcode = opcode, .cdw10 = 1, .cdw11 = 3 };
	case 0x06: return (struct nvme_command){ .opcode = opcode, .cdw10 = 1 };
	case 0x02:
	case 0x09:
	case 0x0a: return (struct nvme_command){ .opcode = opcode, .cdw10 = 1 };
	default: return (struct nvme_command){ .opcode = opcode };
	}
}

static void exactly_these_opcodes_pass(void **state)
{
	static const u8 passing[] = { 0x00, 0x01, 0x02, 0x04, 0x05, 0x06,
				      0x08, 0x09, 0x0a, 0x0c, 0x18 };

	(void)state;
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		struct nvme_command c = good((u8)opcode);
		bool wanted = memchr(passing, (int)opcode, sizeof(passing));

		if (judge(&c) != (wanted ? 0 : 0x001))
			fail_msg("opcode %02xh: status 0x%x", opcode, judge(&c));
	}
}

static void denied_commands_have_names(void **state)
{
	(void)state;
	assert_string_equal(nvme_opcode_name(0x15), "Namespace Attachment");
	assert_string_equal(nvme_opcode_name(0x1c), "Virtualization Management");
	assert_string_equal(nvme_opcode_name(0xc0), "unknown command");
}

static void fused_commands_and_sgls_do_not_pass(void **state)
{
	struct nvme_command c = good(0x06);

	(void)state;
	for (unsigned flags = 1; flags < 256; flags++) {
		c.flags = (u8)flags;
		assert_int_equal(judge(&c), flags & 0xc3 ? 0x002 : 0);
	}
}

static u16 identify(u8 cns, u32 nsid)
{
	return judge(&(struct nvme_command){ .opcode = 0x06, .nsid = nsid, .cdw10 = cns });
}

static void exactly_these_kinds_of_identify_pass(void **state)
{
	static const u8 passing[] = { 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x1c };

	(void)state;
	for (unsigned cns = 0; cns < 256; cns++)
		assert_int_equal(identify((u8)cns, 2),
				 memchr(passing, (int)cns, sizeof(passing)) ? 0 : 0x002);
}

static void identify_of_a_foreign_namespace_does_not_pass(void **state)
{
	static const u8 of_namespaces[] = { 0x00, 0x03, 0x05, 0x08 };
	static const u32 foreign[] = { 0, 1, 3, 0xfffffffe };

	(void)state;
	for (unsigned i = 0; i < sizeof(of_namespaces); i++)
		for (unsigned n = 0; n < ARRAY_LEN(foreign); n++)
			assert_int_equal(identify(of_namespaces[i], foreign[n]), 0x00b);
	assert_int_equal(identify(0x00, 0xffffffff), 0); /* what all have in common */
	assert_int_equal(identify(0x05, 0xffffffff), 0);
	assert_int_equal(identify(0x03, 0xffffffff), 0x00b);
}

static void a_vf_without_a_namespace_may_identify_none(void **state)
{
	const struct nvme_share none = { .queues = 2, .interrupts = 1 };

	(void)state;
	for (u32 nsid = 0; nsid < 4; nsid++) {
		const struct nvme_command c = { .opcode = 0x06, .nsid = nsid };

		assert_int_equal(nvme_judge(&c, &none).status, 0x00b);
	}
}

static void only_identify_controller_is_changed_on_its_way_back(void **state)
{
	(void)state;
	for (unsigned cns = 0; cns < 256; cns++) {
		const struct nvme_command c = { .opcode = 0x06, .nsid = 2, .cdw10 = cns };

		assert_int_equal(nvme_judge(&c, &share).patch,
				 cns == 1 ? PATCH_IDENTIFY_CONTROLLER : PATCH_NONE);
	}
}

static void exactly_these_features_pass(void **state)
{
	static const u8 get[] = { 0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
				  0x0a, 0x0b, 0x0c, 0x0e, 0x0f, 0x16, 0x19 };
	static const u8 get_only[] = { 0x02, 0x06, 0x0c };

	(void)state;
	for (unsigned id = 0; id < 256; id++) {
		const struct nvme_command g = { .opcode = 0x0a, .cdw10 = id };
		const struct nvme_command s = { .opcode = 0x09, .cdw10 = id };
		bool readable = memchr(get, (int)id, sizeof(get));
		bool shared = memchr(get_only, (int)id, sizeof(get_only));

		assert_int_equal(judge(&g), readable ? 0 : 0x002);
		assert_int_equal(judge(&s), shared ? 0x10e : readable ? 0 : 0x002);
	}
}

static void no_feature_is_saved_for_the_next_owner(void **state)
{
	const struct nvme_command save = { .opcode = 0x09, .cdw10 = 0x80000007 };
	const struct nvme_command select = { .opcode = 0x0a, .cdw10 = 0x307 };

	(void)state;
	assert_int_equal(judge(&save), 0x10d);
	assert_int_equal(judge(&select), 0);
}

static void features_and_logs_of_foreign_namespaces_do_not_pass(void **state)
{
	static const u8 opcodes[] = { 0x02, 0x09, 0x0a };

	(void)state;
	for (unsigned i = 0; i < sizeof(opcodes); i++) {
		struct nvme_command c = good(opcodes[i]);

		for (u32 nsid = 0; nsid < 5; nsid++) {
			c.nsid = nsid;
			assert_int_equal(judge(&c), nsid == 0 || nsid == 2 ? 0 : 0x00b);
		}
		c.nsid = 0xffffffff;
		assert_int_equal(judge(&c), 0);
	}
}

static void exactly_these_log_pages_pass(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 256; id++) {
		const struct nvme_command c = { .opcode = 0x02, .cdw10 = 0x7f0000 | id };

		assert_int_equal(judge(&c), id <= 5 || id == 0x0c ? 0 : 0x109);
	}
}

static void queues_are_those_that_the_vf_has(void **state)
{
	static const u8 opcodes[] = { 0x00, 0x01, 0x04, 0x05 };

	(void)state;
	for (unsigned i = 0; i < sizeof(opcodes); i++) {
		struct nvme_command c = good(opcodes[i]);

		for (u32 qid = 0; qid < 5; qid++) {
			c.cdw10 = 31u << 16 | qid;
			assert_int_equal(judge(&c), qid == 1 || qid == 2 ? 0 : 0x101);
		}
	}
}

static void a_submission_queue_needs_a_completion_queue_that_the_vf_has(void **state)
{
	struct nvme_command c = good(0x01);

	(void)state;
	for (u32 cqid = 0; cqid < 5; cqid++) {
		c.cdw11 = cqid << 16 | 1;
		assert_int_equal(judge(&c), cqid == 1 || cqid == 2 ? 0 : 0x101);
	}
}

static void a_completion_queue_interrupts_by_a_vector_that_the_vf_has(void **state)
{
	struct nvme_command c = good(0x05);

	(void)state;
	for (u32 vector = 0; vector < 4; vector++) {
		c.cdw11 = vector << 16 | 3;
		assert_int_equal(judge(&c), vector < 2 ? 0 : 0x108);
		c.cdw11 = vector << 16 | 1; /* without interrupts nobody looks at it */
		assert_int_equal(judge(&c), 0);
	}
}

static void queues_in_pieces_do_not_pass(void **state)
{
	struct nvme_command sq = good(0x01), cq = good(0x05);

	(void)state;
	sq.cdw11 &= ~1u;
	cq.cdw11 &= ~1u;
	assert_int_equal(judge(&sq), 0x002);
	assert_int_equal(judge(&cq), 0x002);
}

#define T cmocka_unit_test

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(exactly_these_opcodes_pass),
		T(denied_commands_have_names),
		T(fused_commands_and_sgls_do_not_pass),
		T(exactly_these_kinds_of_identify_pass),
		T(identify_of_a_foreign_namespace_does_not_pass),
		T(a_vf_without_a_namespace_may_identify_none),
		T(only_identify_controller_is_changed_on_its_way_back),
		T(exactly_these_features_pass),
		T(no_feature_is_saved_for_the_next_owner),
		T(features_and_logs_of_foreign_namespaces_do_not_pass),
		T(exactly_these_log_pages_pass),
		T(queues_are_those_that_the_vf_has),
		T(a_submission_queue_needs_a_completion_queue_that_the_vf_has),
		T(a_completion_queue_interrupts_by_a_vector_that_the_vf_has),
		T(queues_in_pieces_do_not_pass),
	};

	return cmocka_run_group_tests_name("nvme verdict", tests, NULL, NULL);
}
