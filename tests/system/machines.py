# SPDX-License-Identifier: GPL-2.0-only
"""machine.args that several tests use."""

# First, so that it is there before the devices that it translates for.
IOMMU = "-device intel-iommu,intremap=on"
# An 82576 behind a root port with ACS.
IGB = """
-device pcie-root-port,id=rp1,chassis=1,slot=1,bus=pcie.0,addr=3.0
-netdev hubport,id=n1,hubid=1
-device igb,id=pf0,bus=rp1,netdev=n1,mac=52:54:00:00:01:00
"""
IGB_MACHINE = IOMMU + IGB
