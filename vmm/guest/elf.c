/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF64 as in the System V ABI, chapters 4 and 5; AMD64 supplement. */
#include <linux/elf.h>

#include "base/string.h"
#include "vmm/guest/elf.h"

#define ULL(x) ((unsigned long long)(x))

struct elf_file {
	const char *name;
	const u8 *image;
	u64 size, ram_bytes;
	struct why *why;
};

#define bad(f, fmt, ...)                                                                           \
	fail((f)->why, ERR_INVALID, RID_NONE, "kernel %s: " fmt, (f)->name, ##__VA_ARGS__)

static enum err check_identity(const struct elf_file *f, Elf64_Ehdr *h)
{
	if (f->size < sizeof(*h))
		return bad(f,
			   "%llu bytes, too short for an ELF header of %u; is the file complete?",
			   ULL(f->size), (unsigned)sizeof(*h));
	memcpy(h, f->image, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return bad(f, "begins with %02x %02x %02x %02x; expected an ELF file (7f 45 4c 46)",
			   h->e_ident[0], h->e_ident[1], h->e_ident[2], h->e_ident[3]);
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return bad(f,
			   "ELF class %u, data %u; expected 64-bit little-endian (2, 1): build "
			   "with -m64",
			   h->e_ident[EI_CLASS], h->e_ident[EI_DATA]);
	if (h->e_machine != EM_X86_64)
		return bad(f, "ELF machine %u; expected x86-64 (%u)", h->e_machine, EM_X86_64);
	if (h->e_type != ET_EXEC)
		return bad(f,
			   "ELF type %u; expected an executable at fixed addresses (%u): link with "
			   "-static -no-pie",
			   h->e_type, ET_EXEC);
	return OK;
}

static enum err check_table(const struct elf_file *f, const Elf64_Ehdr *h)
{
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0)
		return bad(f, "%u program headers of %u bytes; expected some of %u bytes",
			   h->e_phnum, h->e_phentsize, (unsigned)sizeof(Elf64_Phdr));
	u64 bytes = (u64)h->e_phnum * sizeof(Elf64_Phdr);
	if (h->e_phoff > f->size || bytes > f->size - h->e_phoff)
		return bad(f,
			   "program headers at 0x%llx leave the file of %llu bytes; is the file "
			   "complete?",
			   ULL(h->e_phoff), ULL(f->size));
	return OK;
}

static enum err check_segment(const struct elf_file *f, const Elf64_Phdr *p, unsigned n)
{
	if (p->p_filesz > p->p_memsz)
		return bad(
			f,
			"segment %u has 0x%llx bytes in the file but 0x%llx in memory; relink it",
			n, ULL(p->p_filesz), ULL(p->p_memsz));
	if (p->p_offset > f->size || p->p_filesz > f->size - p->p_offset)
		return bad(f,
			   "segment %u (0x%llx bytes at 0x%llx) leaves the file of %llu bytes; is "
			   "it complete?",
			   n, ULL(p->p_filesz), ULL(p->p_offset), ULL(f->size));
	if (p->p_paddr < ELF_LOWEST_ADDRESS)
		return bad(f,
			   "segment %u is at 0x%llx; the first %llu KiB are the hypervisor's start "
			   "tables: link at 1 MiB",
			   n, ULL(p->p_paddr), ELF_LOWEST_ADDRESS / KiB);
	if (p->p_paddr > f->ram_bytes || p->p_memsz > f->ram_bytes - p->p_paddr)
		return bad(f,
			   "segment %u needs 0x%llx bytes at 0x%llx, the VM has 0x%llx bytes of "
			   "RAM: raise mem= or relink",
			   n, ULL(p->p_memsz), ULL(p->p_paddr), ULL(f->ram_bytes));
	return OK;
}

static enum err check_overlap(const struct elf_file *f, const struct elf_plan *plan,
			      const Elf64_Phdr *p, unsigned n)
{
	for (unsigned i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];
		if (p->p_paddr < s->address + s->bytes && s->address < p->p_paddr + p->p_memsz)
			return bad(f, "segment %u (0x%llx) overlaps the one at 0x%llx; relink it",
				   n, ULL(p->p_paddr), ULL(s->address));
	}
	return OK;
}

static enum err add_segment(const struct elf_file *f, struct elf_plan *plan, const Elf64_Phdr *p,
			    unsigned n)
{
	if (p->p_type == PT_INTERP)
		return bad(
			f,
			"wants a program interpreter; expected a static kernel: link with -static");
	if (p->p_type != PT_LOAD || p->p_memsz == 0)
		return OK;
	enum err e = check_segment(f, p, n);
	if (!e)
		e = check_overlap(f, plan, p, n);
	if (e)
		return e;
	if (plan->segments == ELF_SEGMENTS_MAX)
		return bad(f, "more than %u segments to load; relink it with fewer",
			   ELF_SEGMENTS_MAX);
	plan->segment[plan->segments++] = (struct elf_segment){ .file_offset = p->p_offset,
								.file_bytes = p->p_filesz,
								.address = p->p_paddr,
								.bytes = p->p_memsz,
								.executable = p->p_flags & PF_X };
	return OK;
}

static enum err check_entry(const struct elf_file *f, const struct elf_plan *plan)
{
	if (plan->segments == 0)
		return bad(f, "nothing to load; expected at least one PT_LOAD segment");
	for (unsigned i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];
		if (s->executable && plan->entry >= s->address &&
		    plan->entry - s->address < s->bytes)
			return OK;
	}
	return bad(f,
		   "entry 0x%llx is in no executable segment; expected a physical address in one: "
		   "check ENTRY() and "
		   "the load addresses",
		   ULL(plan->entry));
}

enum err elf_check(const char *file, const void *image, u64 size, u64 ram_bytes,
		   struct elf_plan *out, struct why *why)
{
	struct elf_file f = {
		.name = file, .image = image, .size = size, .ram_bytes = ram_bytes, .why = why
	};
	Elf64_Ehdr h;
	memset(out, 0, sizeof(*out));
	enum err e = check_identity(&f, &h);
	if (!e)
		e = check_table(&f, &h);
	for (unsigned i = 0; !e && i < h.e_phnum; i++) {
		Elf64_Phdr p;
		memcpy(&p, f.image + h.e_phoff + i * sizeof(p), sizeof(p));
		e = add_segment(&f, out, &p, i);
	}
	if (e)
		return e;
	out->entry = h.e_entry;
	return check_entry(&f, out);
}

void elf_copy(const struct elf_plan *plan, const void *image, u8 *ram)
{
	for (unsigned i = 0; i < plan->segments; i++) {
		const struct elf_segment *s = &plan->segment[i];
		memcpy(ram + s->address, (const u8 *)image + s->file_offset, s->file_bytes);
	}
}
