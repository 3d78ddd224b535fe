/* SPDX-License-Identifier: GPL-2.0-only */
#include "boot/multiboot2.h"

#include "base/string.h"

/* Tag types, section 3.6. */
enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 6,
	TAG_EFI32_SYSTEM = 11,
	TAG_EFI64_SYSTEM = 12,
	TAG_RSDP_V1 = 14,
	TAG_RSDP_V2 = 15,
	TAG_EFI_MEMORY = 17,
	TAG_EFI32_IMAGE = 19,
	TAG_EFI64_IMAGE = 20,
};

struct tag {
	u32 type, size; /* the size counts these 8 bytes, and not the padding to the next multiple
			   of 8 */
};

struct tag_module { /* section 3.6.6 */
	struct tag tag;
	u32 start, end;
	char name[];
};

struct memory_entry { /* section 3.6.8 */
	u64 base, size;
	u32 type, reserved;
};
_Static_assert(sizeof(struct memory_entry) == 24, "Multiboot2 2.0 section 3.6.8");

struct tag_memory {
	struct tag tag;
	u32 entry_size, entry_version;
};

/* Copy text that may lack its final NUL. */
static void copy_text(char *to, size_t room, const char *text, size_t len)
{
	len = strnlen(text, MIN(len, room - 1));
	memcpy(to, text, len);
	to[len] = 0;
}

static enum boot_memory_kind memory_kind(u32 type)
{
	switch (type) {
	case 1: return BOOT_MEMORY_USABLE;
	case 3: return BOOT_MEMORY_ACPI;
	case 4: return BOOT_MEMORY_NVS;
	case 5: return BOOT_MEMORY_BAD;
	}
	return BOOT_MEMORY_RESERVED;
}

static void read_memory_map(const struct tag_memory *tag, struct boot_info *boot)
{
	const u8 *entries = (const u8 *)(tag + 1);
	u32 size = tag->entry_size, room = tag->tag.size - sizeof(*tag);

	if (size < sizeof(struct memory_entry))
		return;
	for (u32 at = 0; at + sizeof(struct memory_entry) <= room && at + size > at; at += size) {
		struct memory_entry e;

		memcpy(&e, entries + at, sizeof(e));
		if (e.size == 0 || e.base + e.size < e.base)
			continue;
		if (boot->memory_ranges == BOOT_MEMORY_RANGES) {
			boot->truncated = true;
			return;
		}
		boot->memory[boot->memory_ranges++] = (struct boot_memory){
			.base = hpa(e.base), .size = e.size, .kind = memory_kind(e.type)
		};
	}
}

static void read_module(const struct tag_module *tag, struct boot_info *boot)
{
	struct boot_module *m;

	if (tag->end < tag->start)
		return;
	if (boot->modules == BOOT_MODULES) {
		boot->truncated = true;
		return;
	}
	m = &boot->module[boot->modules++];
	copy_text(m->name, sizeof(m->name), tag->name, tag->tag.size - sizeof(*tag));
	m->base = hpa(tag->start);
	m->size = tag->end - tag->start;
}

static void read_rsdp(const struct tag *tag, struct boot_info *boot)
{
	size_t len = MIN(tag->size - sizeof(*tag), sizeof(boot->rsdp));

	/* Both may be there: the newer one knows the XSDT. */
	if (tag->type == TAG_RSDP_V1 && boot->rsdp_len)
		return;
	memcpy(boot->rsdp, tag + 1, len);
	boot->rsdp_len = (u8)len;
}

/* The smallest size of a tag of this type that we can read. */
static u32 least_size(u32 type)
{
	switch (type) {
	case TAG_MODULE: return sizeof(struct tag_module);
	case TAG_MEMORY: return sizeof(struct tag_memory);
	case TAG_RSDP_V1: return sizeof(struct tag) + 20;
	case TAG_RSDP_V2: return sizeof(struct tag) + 36;
	}
	return sizeof(struct tag);
}

static void read_tag(const struct tag *tag, struct boot_info *boot)
{
	static char loader[64];
	const char *text = (const char *)(tag + 1);
	size_t len = tag->size - sizeof(*tag);

	switch (tag->type) {
	case TAG_CMDLINE: copy_text(boot->cmdline, sizeof(boot->cmdline), text, len); break;
	case TAG_LOADER:
		copy_text(loader, sizeof(loader), text, len);
		boot->loader = loader;
		break;
	case TAG_MODULE: read_module((const struct tag_module *)tag, boot); break;
	case TAG_MEMORY: read_memory_map((const struct tag_memory *)tag, boot); break;
	case TAG_RSDP_V1:
	case TAG_RSDP_V2: read_rsdp(tag, boot); break;
	case TAG_EFI32_SYSTEM:
	case TAG_EFI64_SYSTEM:
	case TAG_EFI_MEMORY:
	case TAG_EFI32_IMAGE:
	case TAG_EFI64_IMAGE: boot->firmware = "UEFI"; break;
	}
}

enum err multiboot2_parse(const void *block, size_t len, struct boot_info *boot, struct why *why)
{
	const u8 *bytes = block;
	size_t at = 8; /* section 3.6.1: total size, reserved */
	u32 total;

	memset(boot, 0, sizeof(*boot));
	boot->loader = "a Multiboot2 loader";
	boot->firmware = "BIOS";
	if (len < 8)
		return fail(why, ERR_INVALID, RID_NONE, "the Multiboot2 information has %lu bytes",
			    (u64)len);
	memcpy(&total, bytes, sizeof(total));
	len = MIN(len, total);
	while (at + sizeof(struct tag) <= len) {
		const struct tag *tag = (const struct tag *)(bytes + at);

		if (tag->type == TAG_END || tag->size < sizeof(*tag) || tag->size > len - at)
			break;
		if (tag->size >= least_size(tag->type))
			read_tag(tag, boot);
		at += ALIGN_UP((size_t)tag->size, 8);
	}
	if (boot->memory_ranges == 0)
		return fail(why, ERR_INVALID, RID_NONE,
			    "the boot loader gave no memory map (Multiboot2 tag 6); expected one "
			    "from GRUB 2.02 or later");
	return OK;
}
