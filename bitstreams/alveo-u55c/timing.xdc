# PCIe's reference clock, 100 MHz. The bridge derives axi_aclk from it, 250 MHz, and constrains it itself: the only clock of
# the card, so that nothing crosses between clocks outside of the vendor's blocks.
create_clock -period 10.000 -name pcie_refclk [get_ports pcie_refclk_p]

# Asynchronous pins.
set_false_path -from [get_ports pcie_reset_n]
set_false_path -to [get_ports hbm_cattrip]
