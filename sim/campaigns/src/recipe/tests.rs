//! The recipe as it is, and broken ones, each refused for what is wrong with it.

use std::sync::LazyLock;

use super::*;

/// Checks the recipe after `old` became `new` in one of its files.
fn refusal(file: &str, old: &str, new: &str) -> String {
    let broken = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, broken.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = broken.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} has no `{old}`");
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    format!("{:#}", checked(broken.path()).expect_err("a broken recipe is accepted"))
}

fn checked(folder: &Path) -> Result<()> {
    static CARD: LazyLock<(CardConfig, Design)> = LazyLock::new(|| {
        let config = CardConfig::of(Shape::Pipelined);
        let card = config.design().unwrap();
        (config, card)
    });
    let (config, card) = &*CARD;
    let output = tempfile::tempdir().unwrap();
    write_card(card, output.path()).unwrap();
    Recipe::read(folder)?.check(config, card, output.path())
}

fn assert_refused(file: &str, old: &str, new: &str, why: &str) {
    let refusal = refusal(file, old, new);
    assert!(refusal.contains(why), "`{why}` is not in: {refusal}");
}

#[test]
fn the_recipe_agrees_with_the_card() {
    checked(&folder()).unwrap();
}

#[test]
fn a_wrapper_that_does_not_fit_the_card_is_refused() {
    let file = "alveo_u55c.v";
    assert_refused(file, "        .m_axi_rlast(host_rlast),\n", "", "m_axi_rlast is not connected");
    assert_refused(file, ".m_axi_rlast(", ".m_axi_final(", "m_axi_rlast is not connected");
    assert_refused(file, ".clock(clock),", ".clock(clock),\n        .clocks(clock),", "no port clocks");
    assert_refused(file, "wire [511:0] host_rdata", "wire [255:0] host_rdata", "has 512 bits, host_rdata has 256");
    assert_refused(file, "registers_awaddr[11:0]", "registers_awaddr", "has 12 bits");
    assert_refused(file, ".function_reset(1'b0)", ".function_reset()", "input function_reset is open");
}

#[test]
fn a_wrapper_that_does_not_fit_the_vendors_blocks_is_refused() {
    assert_refused("vendor.v", "[511:0] s_axib_rdata", "[255:0] s_axib_rdata", "s_axib_rdata has 256 bits");
    assert_refused("alveo_u55c.v", ".usr_irq_ack(", ".irq_ack(", "usr_irq_ack is not connected");
}

#[test]
fn another_identity_than_the_abis_is_refused() {
    assert_refused("pcie.tcl", "set device_id 5053", "set device_id 903F", "pf0_device_id is 903f, the card's is 5053");
    assert_refused("pcie.tcl", "set class_code 120000", "set class_code 058000", "pf0_class_code is 58000");
    assert_refused("pcie.tcl", "CONFIG.pf0_bar0_size {4}", "CONFIG.pf0_bar0_size {64}", "BAR 0 has 65536 bytes");
    assert_refused(
        "pcie.tcl",
        "CONFIG.axi_data_width {512_bit}",
        "CONFIG.axi_data_width {256_bit}",
        "axi_data_width is",
    );
    assert_refused(
        "pcie.tcl",
        "CONFIG.bar_indicator {BAR_3:2}",
        "CONFIG.bar_indicator {BAR_1:0}",
        "MSI-X table lies over",
    );
}

#[test]
fn tcl_that_vivado_would_not_take_is_refused() {
    assert_refused("build.tcl", "opt_design\n", "optimise_design\n", "unknown command optimise_design");
    assert_refused("build.tcl", "-flatten_hierarchy none", "-flatten none", "synth_design has no option -flatten");
    assert_refused("build.tcl", "set failures {}", "set failures {", "build.tcl fails");
    assert_refused("build.tcl", "xcu55c-fsvh2892-2L-e", "xcu50-fsvh2104-2-e", "builds for Some(\"xcu50");
    assert_refused("build.tcl", "-shreg_min_size 6", "-shreg_min_size 3", "shift registers at Some(3) cycles");
}

#[test]
fn a_build_that_hides_a_failure_is_refused() {
    assert_refused("build.tcl", "if {$slack < 0}", "if {$slack < -1}", "does not fail on missed timing");
    assert_refused("build.tcl", "{![report_route_status", "{0 && ![report_route_status", "does not fail on nets");
    let early = "write_bitstream -force $folder/early.bit\nset failures {}";
    assert_refused("build.tcl", "set failures {}", early, "does not call write_bitstream once");
}

#[test]
fn pins_that_do_not_fit_the_ports_are_refused() {
    let file = "pins.xdc";
    assert_refused(file, "set_property PACKAGE_PIN BE45 [get_ports hbm_cattrip]\n", "", "port hbm_cattrip has no pin");
    assert_refused(file, "PACKAGE_PIN AL1 ", "PACKAGE_PIN AL2 ", "two ports share a pin");
    assert_refused(file, "{pcie_rx_p[3]}", "{pcie_rx_p[16]}", "port pcie_rx_p[3] has no pin");
}

#[test]
fn constraints_on_cells_that_are_not_there_are_refused() {
    assert_refused("placement.xdc", "{card/shell}", "{card/shells}", "names card/shells, which is no cell");
    assert_refused("placement.xdc", "/operand_*_reg[*]}", "/factor_*_reg[*]}", "which is no cell");
}

#[test]
fn a_region_whose_boundary_has_no_registers_is_refused() {
    let core = "[get_pblocks slr1] [get_cells {card/msm/core/pairs}]\nadd_cells_to_pblock [get_pblocks slr1] [get_cells {card/msm/core/slots/second/memory}]";
    let second = "[get_pblocks slr1] [get_cells {card/msm/core/slots/second/memory}]";
    assert_refused("placement.xdc", second, core, "is not a register's");
}
