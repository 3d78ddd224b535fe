/* SPDX-License-Identifier: GPL-2.0-only */
/* vf=<pf>/<index>[,option=value...] and vf=<class>[,option=value...]. */
#include "base/string.h"
#include "vmm/config/parser.h"

#define VF_INDEX_MAX 0xffffu
#define NSID_MAX     0xfffffffeu /* NVMe 2.0 section 3.2.1.2: FFFFFFFFh means all namespaces */
#define VLAN_MAX     4094u
#define TRUNK_MAX    ARRAY_LEN(((struct vf_policy *)0)->trunk)

static const struct choice on_off[] = { { "on", true }, { "off", false } };
static const struct choice links[] = { { "auto", VF_LINK_AUTO },
				       { "up", VF_LINK_UP },
				       { "down", VF_LINK_DOWN } };
static const char *const classes[] = { "net", "nvme" };

static bool parse_vlan(const char *text, u16 *out)
{
	u64 id;

	if (!parse_number(text, VLAN_MAX, &id) || !id)
		return false;
	*out = (u16)id;
	return true;
}

static bool set_mac(struct vf_policy *p, char *value)
{
	return parse_mac(value, p->mac) && mac_is_usable(p->mac);
}

static bool set_vlan(struct vf_policy *p, char *value)
{
	return parse_vlan(value, &p->vlan);
}

/* "1-4+7": the VLANs 1, 2, 3, 4 and 7. Commas separate vf= options, hence the plus sign. */
static bool set_trunk(struct vf_policy *p, char *value)
{
	for (char *part = value, *rest; part; part = rest) {
		u16 first, last;
		char *to;

		rest = cut(part, '+');
		to = cut(part, '-');
		if (!parse_vlan(part, &first) || !parse_vlan(to ? to : part, &last) || last < first)
			return false;
		if ((size_t)(last - first) >= TRUNK_MAX - p->trunk_count)
			return false;
		for (u16 id = first; id <= last; id++)
			p->trunk[p->trunk_count++] = id;
	}
	return true;
}

static bool set_rate(struct vf_policy *p, char *value)
{
	return parse_rate_mbps(value, &p->rate_mbps);
}

static bool set_spoofcheck(struct vf_policy *p, char *value)
{
	int on;

	if (!parse_choice(value, on_off, ARRAY_LEN(on_off), &on))
		return false;
	p->spoofcheck_off = !on;
	return true;
}

static bool set_trust(struct vf_policy *p, char *value)
{
	int on;

	if (!parse_choice(value, on_off, ARRAY_LEN(on_off), &on))
		return false;
	p->trust = on;
	return true;
}

static bool set_link(struct vf_policy *p, char *value)
{
	int link;

	if (!parse_choice(value, links, ARRAY_LEN(links), &link))
		return false;
	p->link = (enum vf_link)link;
	return true;
}

static bool set_ns(struct vf_policy *p, char *value)
{
	u64 nsid;

	if (!parse_number(value, NSID_MAX, &nsid) || !nsid)
		return false;
	p->nsid = (u32)nsid;
	return true;
}

static const struct vf_option {
	const char *name;
	bool (*set)(struct vf_policy *, char *value);
	const char *expected;
} vf_options[] = {
	{ "mac", set_mac, "a unicast MAC address, not zero, such as 02:00:00:00:00:0a" },
	{ "vlan", set_vlan, "one VLAN from 1 to 4094" },
	{ "trunk", set_trunk, "at most 16 VLANs from 1 to 4094, such as 1-4+7" },
	{ "rate", set_rate, "a rate in bit/s such as 100M or 1G (leave rate= out for no limit)" },
	{ "spoofcheck", set_spoofcheck, "on or off" },
	{ "trust", set_trust, "on or off" },
	{ "link", set_link, "auto, up or down" },
	{ "ns", set_ns, "the number of an NVMe namespace, from 1" },
};

static void parse_vf_option(struct line *l, struct vf_policy *policy, char *token, u32 *seen)
{
	char written[WORD_BYTES];
	char *value;

	memcpy(written, token, strlen(token) + 1);
	value = cut(token, '=');
	for (unsigned i = 0; i < ARRAY_LEN(vf_options); i++) {
		if (strcmp(token, vf_options[i].name) != 0)
			continue;
		if (*seen & BIT(i))
			complain(l, written, "expected %s= only once for a VF", token);
		else if (!value || !vf_options[i].set(policy, value))
			complain(l, written, "expected %s", vf_options[i].expected);
		*seen |= BIT(i);
		return;
	}
	const char *meant =
		nearest_name(token, vf_options, ARRAY_LEN(vf_options), sizeof(vf_options[0]));

	complain(l, written,
		 "expected %s%s%smac=, vlan=, trunk=, rate=, spoofcheck=, trust=, link= or ns=",
		 meant ? meant : "", meant ? "= (did you mean that?) or another of " : "",
		 meant ? "" : "one of ");
}

/* A PF's name: the driver's name and a number ("igb0"). */
static bool is_pf_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		bool letter = text[i] >= 'a' && text[i] <= 'z',
		     digit = text[i] >= '0' && text[i] <= '9';

		if (!letter && !(digit && i))
			return false;
	}
	return len && text[len - 1] >= '0' && text[len - 1] <= '9';
}

static bool parse_vf_target(struct vf_request *r, char *target)
{
	char *slash = cut(target, '/');
	u64 index;

	if (!slash) {
		r->kind = VF_BY_CLASS;
		for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
			if (strcmp(target, classes[i]) == 0)
				return copy_text(r->name, sizeof(r->name), target);
		return false;
	}
	if (!parse_number(slash, VF_INDEX_MAX, &index))
		return false;
	r->index = (u16)index;
	r->kind = VF_BY_PF_RID;
	if (parse_rid(target, &r->pf_rid))
		return true;
	r->kind = VF_BY_PF_NAME;
	return is_pf_name(target) && copy_text(r->name, sizeof(r->name), target);
}

void parse_vf(struct line *l, char *value)
{
	struct vf_request *r = &l->vm->vf[l->vm->vf_count];
	char written[WORD_BYTES];
	char *options;
	u32 seen = 0;

	memcpy(written, value, strlen(value) + 1);
	if (l->vm->vf_count == CONFIG_VFS_PER_VM) {
		complain(l, written, "expected at most %u vf= for one VM", CONFIG_VFS_PER_VM);
		return;
	}
	memset(r, 0, sizeof(*r));
	if (!copy_text(r->token, sizeof(r->token), value)) {
		complain(l, written, "expected at most %u characters",
			 (unsigned)sizeof(r->token) - 1);
		return;
	}
	options = cut(value, ',');
	l->whole = r->token;
	if (!parse_vf_target(r, value))
		complain(l, value,
			 "expected <pf>/<index> such as igb0/0 or 0000:01:00.0/0, or a class: net, "
			 "nvme");
	for (char *option = options, *rest; option; option = rest) {
		rest = cut(option, ',');
		parse_vf_option(l, &r->policy, option, &seen);
	}
	if (r->policy.vlan && r->policy.trunk_count)
		complain(l, "vlan= and trunk=",
			 "expected one of them: an access VLAN or a list of allowed ones");
	l->whole = NULL;
	l->vm->vf_count++;
}
