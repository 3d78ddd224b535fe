/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine that a Linux guest sees (ACPI 6.5 chapters 5 and 6). Compiled by iasl into
 * build/gen/dsdt.h. The numbers are those of base/guest_abi.h and vmm/guest/acpi_tables.h;
 * tests/unit/vmm/ compares them.
 */
DefinitionBlock ("", "DSDT", 2, "COPICE", "GUEST", 1)
{
	/* Sleep type of "soft off", written to the sleep control register (ACPI 6.5 section 7.4.2). */
	Name (\_S5, Package () { 5, 0, 0, 0 })

	Scope (\_SB)
	{
		/* One bus of plain single-function devices: the VM's VFs. */
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)
			Name (_CBA, 0xE0000000)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xC0000000, 0xDFFFFFFF, 0, 0x20000000)
			})

			/*
			 * Hot plug, PME, AER and LTR stay with the hypervisor: a VF's error and power
			 * registers are not the guest's to own (PCI Firmware 3.3 section 4.5.1).
			 */
			Method (_OSC, 4, NotSerialized)
			{
				CreateDWordField (Arg3, 0, STAT)
				If (LEqual (Arg0, ToUUID ("33db4d5b-1ff7-401c-9657-7441c03dd766")))
				{
					CreateDWordField (Arg3, 8, CTRL)
					If (LNotEqual (CTRL, 0))
					{
						Or (STAT, 0x10, STAT) /* capabilities masked */
					}
					Store (0, CTRL)
				}
				Else
				{
					Or (STAT, 4, STAT) /* unrecognized UUID */
				}
				Return (Arg3)
			}
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 4 }
			})
		}

		/* Not for anybody's BARs: config space, power registers, exit status. */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, 0xE0000000, 0x00100000)
				IO (Decode16, 0x00F4, 0x00F4, 1, 1)
				IO (Decode16, 0x0600, 0x0600, 1, 3)
			})
		}
	}
}
