/* SPDX-License-Identifier: GPL-2.0-only */
/* coppice.cfg and the kernels and initrds that it names, read from the volume that we were started
 * from. */
#include "boot/uefi/uefi.h"
#include "vmm/config/config.h"

#define PATH_CHARS     (BOOT_NAME_BYTES + 16)
#define BELOW_4G       0xffffffffull
#define NAME_OF_CONFIG "coppice.cfg"

/* Too large for the stack. */
static struct config config;

static EFI_FILE_HANDLE open_path(EFI_FILE_HANDLE root, const CHAR16 *folder, const char *name)
{
	CHAR16 path[PATH_CHARS];
	EFI_FILE_HANDLE file;
	UINTN n = 0;

	while (folder[n])
		path[n] = folder[n], n++;
	for (UINTN i = 0; name[i] && n < PATH_CHARS - 1; i++, n++)
		path[n] = name[i] == '/' ? L'\\' : (CHAR16)(UINT8)name[i];
	path[n] = 0;
	if (EFI_ERROR(uefi_call_wrapper(root->Open, 5, root, &file, path, EFI_FILE_MODE_READ, 0)))
		return NULL;
	return file;
}

/* Pages below 4 GiB, where the boot page tables reach, that stay ours: the hypervisor keeps out of
 * modules. */
static EFI_STATUS read_whole(EFI_FILE_HANDLE file, struct boot_module *module)
{
	EFI_FILE_INFO *file_info = LibFileInfo(file);
	UINT64 where = BELOW_4G;
	UINTN size;
	EFI_STATUS status;

	if (!file_info)
		return EFI_DEVICE_ERROR;
	size = file_info->FileSize;
	FreePool(file_info);
	status = uefi_call_wrapper(BS->AllocatePages, 4, AllocateMaxAddress, EfiLoaderData,
				   EFI_SIZE_TO_PAGES(size ? size : 1), &where);
	if (EFI_ERROR(status))
		return status;
	status = uefi_call_wrapper(file->Read, 3, file, &size, (void *)where);
	module->base.v = where;
	module->size = size;
	return status;
}

static BOOLEAN already_there(const struct boot_info *info, const char *name)
{
	for (unsigned i = 0; i < info->modules; i++)
		if (strcmpa((const CHAR8 *)info->module[i].name, (const CHAR8 *)name) == 0)
			return TRUE;
	return FALSE;
}

/* A file that is missing is the hypervisor's to tell, which names the VM: it gets what there is. */
static EFI_STATUS load(EFI_FILE_HANDLE root, const char *name, struct boot_info *info)
{
	static const CHAR16 *const folders[] = { L"\\", L"\\guests\\", L"\\EFI\\BOOT\\" };
	EFI_FILE_HANDLE file = NULL;
	struct boot_module *module = &info->module[info->modules];
	EFI_STATUS status;

	if (!name[0] || already_there(info, name))
		return EFI_SUCCESS;
	if (info->modules == BOOT_MODULES) {
		info->truncated = TRUE;
		return EFI_SUCCESS;
	}
	for (UINTN i = 0; i < ARRAY_LEN(folders) && !file; i++)
		file = open_path(root, folders[i], name);
	if (!file) {
		Print(L"coppice: %a is not on this volume (looked in \\, \\guests and "
		      L"\\EFI\\BOOT)\n",
		      name);
		return EFI_NOT_FOUND;
	}
	status = read_whole(file, module);
	uefi_call_wrapper(file->Close, 1, file);
	if (EFI_ERROR(status)) {
		Print(L"coppice: %a cannot be read: %r\n", name, status);
		return status;
	}
	Print(L"coppice: %a, %ld bytes\n", name, module->size);
	for (UINTN i = 0; i < BOOT_NAME_BYTES - 1 && name[i]; i++)
		module->name[i] = name[i];
	info->modules++;
	return EFI_SUCCESS;
}

EFI_STATUS files_load(EFI_HANDLE self, struct boot_info *info)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_HANDLE root;
	EFI_STATUS status = uefi_call_wrapper(BS->HandleProtocol, 3, self, &LoadedImageProtocol,
					      (void **)&loaded);

	root = EFI_ERROR(status) ? NULL : LibOpenRoot(loaded->DeviceHandle);
	if (!root)
		return give_up(EFI_NOT_FOUND,
			       L"the volume that this application came from cannot be opened",
			       L"Start it from a FAT volume: EFI\\BOOT\\BOOTX64.EFI.");
	status = load(root, NAME_OF_CONFIG, info);
	if (EFI_ERROR(status))
		return give_up(
			status, L"there is no usable coppice.cfg",
			L"Put it in the volume's root: one line per VM, see docs/coppice.cfg.md.");
	/* Errors in it are shown by the hypervisor, line by line. */
	config_parse((const char *)info->module[0].base.v, info->module[0].size, &config);
	for (unsigned i = 0; i < config.vm_count; i++) {
		load(root, config.vm[i].kernel, info);
		load(root, config.vm[i].initrd, info);
	}
	return EFI_SUCCESS;
}
