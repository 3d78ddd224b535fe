/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May a function be isolated? The verdict over its whole path, and a refusal that a person can act
 * on (R25).
 */
#include "base/format.h"
#include "base/string.h"
#include "pci/acs.h"
#include "pci/internal.h"

#define PATH_TEXT_BYTES 128
#define BITS_TEXT_BYTES 32

static const char *hop_state(const struct pci_function *bridge)
{
	return acs_find(bridge).isolates ? "ok" : "MISSING";
}

static void path_text(const struct pci_path *path, char *buf, size_t size)
{
	size_t used = 0;

	if (path->hops == 0)
		(void)format(buf, size, "directly on a root bus");
	for (unsigned i = 0; i < path->hops && used < size; i++)
		used += (size_t)format(buf + used, size - used, "%s" RID_FMT " %s", i ? ", " : "",
				       RID_ARG(path->bridge[i]->rid), hop_state(path->bridge[i]));
}

static bool whole_path_isolates(const struct pci_function *port)
{
	for (const struct pci_function *up = port; up; up = up->parent)
		if (!acs_find(up).isolates)
			return false;
	return true;
}

/* A port below which the same device would pass, if the machine has one. */
static const struct pci_function *better_slot(const struct pci_path *path)
{
	for (unsigned i = 0; i < pci_function_count(); i++) {
		const struct pci_function *f = pci_function(i);
		bool slot = is_bridge(f) && (f->port_type == PCI_EXP_TYPE_ROOT_PORT ||
					     f->port_type == PCI_EXP_TYPE_DOWNSTREAM);

		if (slot && !fabric_is_below(path->endpoint, f) && whole_path_isolates(f))
			return f;
	}
	return NULL;
}

static enum err refuse(const struct pci_path *path, const struct pci_function *at,
		       const struct acs_finding *found, struct why *why)
{
	char hops[PATH_TEXT_BYTES], bits[BITS_TEXT_BYTES], slot[64];
	const struct pci_function *other = better_slot(path);

	path_text(path, hops, sizeof(hops));
	acs_bits_text(found->missing, bits, sizeof(bits));
	if (other)
		(void)format(slot, sizeof(slot), "a PF under " RID_FMT " would pass",
			     RID_ARG(other->rid));
	else
		(void)format(slot, sizeof(slot), "no slot of this machine would pass");
	return fail(why, ERR_REFUSED, path->endpoint->rid,
		    RID_FMT " (%s, %04x:%04x) %s%s%s; path %s; %s", RID_ARG(at->rid),
		    port_type_name(at), at->vendor, at->device, found->text,
		    found->missing ? "; need " : "", bits, hops, slot);
}

/* Judge one element of the path. True if it may pass, by itself or because the user said so. */
static bool passes(const struct pci_function *f, bool (*unsafe_ok)(struct rid),
		   struct acs_finding *found, struct acs_verdict *out)
{
	*found = acs_find(f);
	if (found->isolates)
		return true;
	out->at = f;
	out->missing = found->missing;
	if (!unsafe_ok || !unsafe_ok(f->rid))
		return false;
	out->by_override = true;
	(void)format(out->text, sizeof(out->text), "UNSAFE, unsafe_acs=" RID_FMT ": it %s",
		     RID_ARG(f->rid), found->text);
	return true;
}

enum err acs_check(const struct pci_function *f, bool (*unsafe_ok)(struct rid),
		   struct acs_verdict *out, struct why *why)
{
	struct pci_path path;
	struct acs_finding found;

	memset(out, 0, sizeof(*out));
	enum err e = pci_path_of(f, &path, why);

	if (e != OK)
		return e;
	if (!passes(f, unsafe_ok, &found, out))
		return refuse(&path, f, &found, why);
	out->by_quirk = found.by_quirk;
	if (!out->by_override)
		(void)format(out->text, sizeof(out->text), "%s", found.text);
	for (unsigned i = 0; i < path.hops; i++)
		if (!passes(path.bridge[i], unsafe_ok, &found, out))
			return refuse(&path, path.bridge[i], &found, why);
	out->isolated = true;
	return OK;
}
