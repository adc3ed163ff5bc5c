# The vendor's blocks between the edge connector and the card.

# One physical function: what a driver sees on the bus. The same identity as in hdl/abi.
set vendor_id 10EE
set device_id 5053
set class_code 120000

# Gen3 x16: 512 bit at 250 MHz, the card's clock. BAR 0: the registers, 4 kB. BAR 2: the MSI-X table, for which the bridge
# keeps 64 kB of a BAR to itself (PG194, "Bar Indicator"); one vector is used. AXI addresses are bus addresses: one window over
# all of them, not translated.
create_ip -vendor xilinx.com -library ip -name xdma -version 4.1 -module_name pcie_bridge -dir $folder -force
set_property -dict [list \
    CONFIG.functional_mode {AXI_Bridge} \
    CONFIG.mode_selection {Advanced} \
    CONFIG.device_port_type {PCI_Express_Endpoint_device} \
    CONFIG.pcie_blk_locn {PCIE4C_X1Y0} \
    CONFIG.en_gt_selection {true} \
    CONFIG.select_quad {GTY_Quad_227} \
    CONFIG.ref_clk_freq {100_MHz} \
    CONFIG.pl_link_cap_max_link_width {X16} \
    CONFIG.pl_link_cap_max_link_speed {8.0_GT/s} \
    CONFIG.axi_data_width {512_bit} \
    CONFIG.axi_addr_width {64} \
    CONFIG.axisten_freq {250} \
    CONFIG.coreclk_freq {500} \
    CONFIG.plltype {QPLL1} \
    CONFIG.vendor_id $vendor_id \
    CONFIG.pf0_device_id $device_id \
    CONFIG.pf0_subsystem_vendor_id $vendor_id \
    CONFIG.pf0_subsystem_id $device_id \
    CONFIG.pf0_base_class_menu {Processing_accelerators} \
    CONFIG.pf0_sub_class_interface_menu {Unknown} \
    CONFIG.pf0_class_code $class_code \
    CONFIG.pf0_class_code_base [string range $class_code 0 1] \
    CONFIG.pf0_class_code_sub [string range $class_code 2 3] \
    CONFIG.pf0_class_code_interface [string range $class_code 4 5] \
    CONFIG.pf0_bar0_enabled {true} \
    CONFIG.pf0_bar0_64bit {false} \
    CONFIG.pf0_bar0_scale {Kilobytes} \
    CONFIG.pf0_bar0_size {4} \
    CONFIG.pciebar2axibar_0 {0x0000000000000000} \
    CONFIG.pf0_bar2_enabled {true} \
    CONFIG.pf0_bar2_64bit {true} \
    CONFIG.pf0_bar2_scale {Kilobytes} \
    CONFIG.pf0_bar2_size {64} \
    CONFIG.bar_indicator {BAR_3:2} \
    CONFIG.pf0_interrupt_pin {NONE} \
    CONFIG.pf0_msi_enabled {false} \
    CONFIG.pf0_msix_enabled {true} \
    CONFIG.pf0_msix_impl_locn {Internal} \
    CONFIG.xdma_num_usr_irq {1} \
    CONFIG.en_axi_slave_if {true} \
    CONFIG.axibar_num {1} \
    CONFIG.axibar_0 {0x0000000000000000} \
    CONFIG.axibar_highaddr_0 {0xFFFFFFFFFFFFFFFF} \
    CONFIG.axibar2pciebar_0 {0x0000000000000000} \
    CONFIG.c_s_axi_supports_narrow_burst {false} \
    CONFIG.xdma_axilite_slave {true} \
] [get_ips pcie_bridge]

create_ip -vendor xilinx.com -library ip -name axi_dwidth_converter -version 2.1 -module_name registers_width -dir $folder -force
set_property -dict [list \
    CONFIG.PROTOCOL {AXI4} \
    CONFIG.ADDR_WIDTH {64} \
    CONFIG.SI_ID_WIDTH {4} \
    CONFIG.SI_DATA_WIDTH {512} \
    CONFIG.MI_DATA_WIDTH {32} \
] [get_ips registers_width]

create_ip -vendor xilinx.com -library ip -name axi_protocol_converter -version 2.1 -module_name registers_protocol -dir $folder -force
set_property -dict [list \
    CONFIG.SI_PROTOCOL {AXI4} \
    CONFIG.MI_PROTOCOL {AXI4LITE} \
    CONFIG.ADDR_WIDTH {64} \
    CONFIG.DATA_WIDTH {32} \
    CONFIG.ID_WIDTH {0} \
    CONFIG.TRANSLATION_MODE {2} \
] [get_ips registers_protocol]

# A parameter that the block renamed or refused is an error here, not a card that no driver finds.
foreach {name wanted} [list \
    vendor_id $vendor_id \
    pf0_device_id $device_id \
    pf0_class_code $class_code \
    functional_mode AXI_Bridge \
    axi_data_width 512_bit \
    pf0_msix_enabled true \
] {
    set found [get_property CONFIG.$name [get_ips pcie_bridge]]
    if {![string equal -nocase $found $wanted]} {
        error "pcie_bridge: $name is $found, not $wanted"
    }
}

generate_target all [get_ips]
synth_ip [get_ips]
