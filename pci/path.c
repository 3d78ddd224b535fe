/* SPDX-License-Identifier: GPL-2.0-only */
/* From an endpoint up to the root complex. */
#include "pci/path.h"

#include "base/format.h"
#include "pci/acs.h"
#include "pci/internal.h"

enum err pci_path_of(const struct pci_function *f, struct pci_path *out, struct why *why)
{
	out->endpoint = f;
	out->hops = 0;
	for (const struct pci_function *up = f->parent; up; up = up->parent) {
		if (out->hops == PCI_PATH_MAX)
			return fail(why, ERR_NO_SPACE, f->rid,
				    RID_FMT " is behind more than %u bridges; use a slot nearer to "
					    "the root complex",
				    RID_ARG(f->rid), PCI_PATH_MAX);
		out->bridge[out->hops++] = up;
	}
	return OK;
}

/* The order in which people read them: first the four that count. */
static const struct {
	u16 bit;
	const char *name;
} acs_names[] = {
	{ PCI_ACS_SV, "SV" }, { PCI_ACS_RR, "RR" }, { PCI_ACS_CR, "CR" }, { PCI_ACS_UF, "UF" },
	{ PCI_ACS_TB, "TB" }, { PCI_ACS_EC, "EC" }, { PCI_ACS_DT, "DT" },
};

const char *acs_bits_text(u16 bits, char *buf, size_t size)
{
	size_t used = 0;

	if (size)
		buf[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(acs_names); i++) {
		if (!(bits & acs_names[i].bit) || used >= size)
			continue;
		used += (size_t)format(buf + used, size - used, "%s%s", used ? " " : "",
				       acs_names[i].name);
	}
	return buf;
}

const char *port_type_name(const struct pci_function *f)
{
	static const char *const names[] = {
		[PCI_EXP_TYPE_ENDPOINT] = "endpoint",
		[PCI_EXP_TYPE_LEG_END] = "legacy endpoint",
		[PCI_EXP_TYPE_ROOT_PORT] = "root port",
		[PCI_EXP_TYPE_UPSTREAM] = "upstream port",
		[PCI_EXP_TYPE_DOWNSTREAM] = "downstream port",
		[PCI_EXP_TYPE_PCI_BRIDGE] = "PCIe-to-PCI bridge",
		[PCI_EXP_TYPE_PCIE_BRIDGE] = "PCI-to-PCIe bridge",
		[PCI_EXP_TYPE_RC_END] = "root complex integrated endpoint",
		[PCI_EXP_TYPE_RC_EC] = "root complex event collector",
	};

	if (f->port_type < ARRAY_LEN(names) && names[f->port_type])
		return names[f->port_type];
	return is_bridge(f) ? "PCI bridge" : "conventional PCI function";
}
