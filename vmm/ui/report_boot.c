/* SPDX-License-Identifier: GPL-2.0-only */
/* report.json: how we came up, on what, with which configuration and memory. */
#include "base/hw/cpu.h"
#include "base/pool.h"
#include "vmm/ui/report.h"

static void report_modules(struct json *j)
{
	json_array(j, "modules");
	for (unsigned i = 0; i < boot->modules; i++) {
		json_object(j, NULL);
		json_text(j, "name", boot->module[i].name);
		json_number(j, "bytes", boot->module[i].size);
		json_close(j);
	}
	json_close(j);
}

static void report_ranges(struct json *j)
{
	static const char *const kinds[] = {
		[BOOT_MEMORY_USABLE] = "usable", [BOOT_MEMORY_RESERVED] = "reserved",
		[BOOT_MEMORY_ACPI] = "acpi",     [BOOT_MEMORY_NVS] = "nvs",
		[BOOT_MEMORY_BAD] = "bad",
	};

	json_array(j, "memory");
	for (unsigned i = 0; i < boot->memory_ranges; i++) {
		json_object(j, NULL);
		json_hex(j, "base", boot->memory[i].base.v);
		json_hex(j, "bytes", boot->memory[i].size);
		json_text(j, "kind", kinds[boot->memory[i].kind]);
		json_close(j);
	}
	json_close(j);
}

static void report_cores(struct json *j)
{
	json_number(j, "cpus", cpu_count);
	json_array(j, "cores");
	for (unsigned i = 0; i < cpu_count; i++) {
		json_object(j, NULL);
		json_number(j, "index", i);
		json_number(j, "apic_id", cpus[i].apic_id);
		json_bool(j, "online", cpus[i].online);
		json_bool(j, "vmx", cpus[i].vmx);
		json_number(j, "interrupts", cpus[i].host_interrupts);
		json_close(j);
	}
	json_close(j);
}

static void report_features(struct json *j)
{
	json_array(j, "features");
	for (unsigned i = 0; i < feature_count; i++) {
		json_object(j, NULL);
		json_text(j, "name", features[i].name);
		json_bool(j, "present", features[i].present);
		json_bool(j, "required", features[i].required);
		json_text(j, "where", features[i].where);
		json_text(j, "loss", features[i].loss);
		json_close(j);
	}
	json_close(j);
}

void report_boot(struct json *j)
{
	json_object(j, "boot");
	json_text(j, "loader", boot->loader);
	json_text(j, "firmware", boot->firmware);
	json_text(j, "cmdline", boot->cmdline);
	json_bool(j, "truncated", boot->truncated);
	json_hex(j, "image_base", boot->image_base.v);
	json_number(j, "image_bytes", boot->image_size);
	json_number(j, "tsc_khz", time_tsc_khz());
	json_text(j, "time_source", time_source());
	report_cores(j);
	report_ranges(j);
	report_modules(j);
	report_features(j);
	json_close(j);
}

static void report_config_errors(struct json *j)
{
	json_array(j, "errors");
	for (unsigned i = 0; i < config.error_count; i++) {
		json_object(j, NULL);
		json_number(j, "line", config.error[i].line);
		json_text(j, "vm", config.error[i].vm);
		json_text(j, "text", config.error[i].text);
		json_close(j);
	}
	json_close(j);
	json_number(j, "unlisted_errors", config.unlisted_errors);
}

void report_config(struct json *j)
{
	json_object(j, "config");
	json_text(j, "idle", config.idle == IDLE_POWEROFF ? "poweroff" : "monitor");
	json_text(j, "report", config.report_com1 ? "com1" : "com2");
	json_number(j, "vms", config.vm_count);
	json_array(j, "unsafe_acs");
	for (unsigned i = 0; i < config.override_count; i++)
		json_rid(j, NULL, config.unsafe_acs[i]);
	json_close(j);
	report_config_errors(j);
	json_close(j);
}

void report_memory(struct json *j)
{
	static const char *const tags[POOL_TAGS] = {
		[POOL_HOST] = "host",     [POOL_PCI] = "pci", [POOL_IOMMU] = "iommu",
		[POOL_DRIVER] = "driver", [POOL_VM] = "vm",   [POOL_GUEST] = "guest",
	};

	json_object(j, "memory");
	json_number(j, "page_bytes", PAGE_SIZE);
	json_number(j, "free_pages", pool_available());
	json_object(j, "used_pages");
	for (unsigned i = 0; i < POOL_TAGS; i++)
		json_number(j, tags[i], pool_used((enum pool_tag)i));
	json_close(j);
	json_close(j);
}
