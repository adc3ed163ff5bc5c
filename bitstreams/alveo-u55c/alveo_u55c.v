// The card on an Alveo U55C: the PCIe block in AXI bridge mode, its way to the registers, and the card.
//
//   host ──> pcie_bridge m_axib (512 bit) ──> registers_width (32 bit) ──> registers_protocol (AXI4-Lite) ──> card, BAR 0
//   host <── pcie_bridge s_axib (512 bit) <────────────────────────────────────────────────────────────────── card, DMA
//   host <── MSI-X (table in BAR 2, within the bridge) <── usr_irq_req ────────────────────────────────────── card
//
// One clock, the bridge's 250 MHz. Recipe, not built: see README.md.
`default_nettype none

module alveo_u55c #(
    // The first eight bytes of the SHA-256 of the card's Verilog: build.tcl sets it.
    parameter [63:0] RTL_CHECKSUM = 64'd0
) (
    input wire pcie_refclk_p,
    input wire pcie_refclk_n,
    input wire pcie_reset_n,
    input wire [15:0] pcie_rx_p,
    input wire [15:0] pcie_rx_n,
    output wire [15:0] pcie_tx_p,
    output wire [15:0] pcie_tx_n,
    output wire hbm_cattrip
);
    assign hbm_cattrip = 1'b0;

    wire pcie_reset_in_n;
    IBUF reset_buffer(.I(pcie_reset_n), .O(pcie_reset_in_n));

    wire refclk;
    wire refclk_half;
    IBUFDS_GTE4 refclk_buffer(.I(pcie_refclk_p), .IB(pcie_refclk_n), .CEB(1'b0), .O(refclk), .ODIV2(refclk_half));

    wire clock;
    wire running;
    // The bridge stops its clock only while it holds this reset, which ends with a hot reset or a lost link as well.
    (* max_fanout = 512 *) reg reset = 1'b1;
    reg reset_next = 1'b1;
    always @(posedge clock) begin
        reset_next <= ~running;
        reset <= reset_next;
    end

    wire interrupt_request;
    wire interrupt_taken;
    wire [3:0] host_awid;
    wire [63:0] host_awaddr;
    wire [7:0] host_awlen;
    wire [2:0] host_awsize;
    wire [1:0] host_awburst;
    wire host_awvalid;
    wire host_awready;
    wire [511:0] host_wdata;
    wire [63:0] host_wstrb;
    wire host_wlast;
    wire host_wvalid;
    wire host_wready;
    wire [3:0] host_bid;
    wire [1:0] host_bresp;
    wire host_bvalid;
    wire host_bready;
    wire [3:0] host_arid;
    wire [63:0] host_araddr;
    wire [7:0] host_arlen;
    wire [2:0] host_arsize;
    wire [1:0] host_arburst;
    wire host_arvalid;
    wire host_arready;
    wire [3:0] host_rid;
    wire [511:0] host_rdata;
    wire [1:0] host_rresp;
    wire host_rlast;
    wire host_rvalid;
    wire host_rready;
    wire [3:0] window_awid;
    wire [63:0] window_awaddr;
    wire [7:0] window_awlen;
    wire [2:0] window_awsize;
    wire [1:0] window_awburst;
    wire window_awvalid;
    wire window_awready;
    wire [511:0] window_wdata;
    wire [63:0] window_wstrb;
    wire window_wlast;
    wire window_wvalid;
    wire window_wready;
    wire [3:0] window_bid;
    wire [1:0] window_bresp;
    wire window_bvalid;
    wire window_bready;
    wire [3:0] window_arid;
    wire [63:0] window_araddr;
    wire [7:0] window_arlen;
    wire [2:0] window_arsize;
    wire [1:0] window_arburst;
    wire window_arvalid;
    wire window_arready;
    wire [3:0] window_rid;
    wire [511:0] window_rdata;
    wire [1:0] window_rresp;
    wire window_rlast;
    wire window_rvalid;
    wire window_rready;
    wire [2:0] window_awprot;
    wire window_awlock;
    wire [3:0] window_awcache;
    wire [2:0] window_arprot;
    wire window_arlock;
    wire [3:0] window_arcache;
    wire [63:0] narrow_awaddr;
    wire [7:0] narrow_awlen;
    wire [2:0] narrow_awsize;
    wire [1:0] narrow_awburst;
    wire narrow_awvalid;
    wire narrow_awready;
    wire [31:0] narrow_wdata;
    wire [3:0] narrow_wstrb;
    wire narrow_wlast;
    wire narrow_wvalid;
    wire narrow_wready;
    wire [1:0] narrow_bresp;
    wire narrow_bvalid;
    wire narrow_bready;
    wire [63:0] narrow_araddr;
    wire [7:0] narrow_arlen;
    wire [2:0] narrow_arsize;
    wire [1:0] narrow_arburst;
    wire narrow_arvalid;
    wire narrow_arready;
    wire [31:0] narrow_rdata;
    wire [1:0] narrow_rresp;
    wire narrow_rlast;
    wire narrow_rvalid;
    wire narrow_rready;
    wire [2:0] narrow_awprot;
    wire narrow_awlock;
    wire [3:0] narrow_awcache;
    wire [2:0] narrow_arprot;
    wire narrow_arlock;
    wire [3:0] narrow_arcache;
    wire [3:0] narrow_awregion;
    wire [3:0] narrow_awqos;
    wire [3:0] narrow_arregion;
    wire [3:0] narrow_arqos;
    wire [63:0] registers_awaddr;
    wire [2:0] registers_awprot;
    wire registers_awvalid;
    wire registers_awready;
    wire [31:0] registers_wdata;
    wire [3:0] registers_wstrb;
    wire registers_wvalid;
    wire registers_wready;
    wire [1:0] registers_bresp;
    wire registers_bvalid;
    wire registers_bready;
    wire [63:0] registers_araddr;
    wire [2:0] registers_arprot;
    wire registers_arvalid;
    wire registers_arready;
    wire [31:0] registers_rdata;
    wire [1:0] registers_rresp;
    wire registers_rvalid;
    wire registers_rready;

    // AXI bridge for PCI Express (xdma 4.1, functional mode AXI_Bridge), PG194.
    pcie_bridge pcie(
        .sys_clk(refclk_half),
        .sys_clk_gt(refclk),
        .sys_rst_n(pcie_reset_in_n),
        .pci_exp_rxp(pcie_rx_p),
        .pci_exp_rxn(pcie_rx_n),
        .pci_exp_txp(pcie_tx_p),
        .pci_exp_txn(pcie_tx_n),
        .axi_aclk(clock),
        .axi_aresetn(running),
        .usr_irq_req(interrupt_request),
        .usr_irq_ack(interrupt_taken),
        .m_axib_awid(window_awid),
        .m_axib_awaddr(window_awaddr),
        .m_axib_awlen(window_awlen),
        .m_axib_awsize(window_awsize),
        .m_axib_awburst(window_awburst),
        .m_axib_awvalid(window_awvalid),
        .m_axib_awready(window_awready),
        .m_axib_wdata(window_wdata),
        .m_axib_wstrb(window_wstrb),
        .m_axib_wlast(window_wlast),
        .m_axib_wvalid(window_wvalid),
        .m_axib_wready(window_wready),
        .m_axib_bid(window_bid),
        .m_axib_bresp(window_bresp),
        .m_axib_bvalid(window_bvalid),
        .m_axib_bready(window_bready),
        .m_axib_arid(window_arid),
        .m_axib_araddr(window_araddr),
        .m_axib_arlen(window_arlen),
        .m_axib_arsize(window_arsize),
        .m_axib_arburst(window_arburst),
        .m_axib_arvalid(window_arvalid),
        .m_axib_arready(window_arready),
        .m_axib_rid(window_rid),
        .m_axib_rdata(window_rdata),
        .m_axib_rresp(window_rresp),
        .m_axib_rlast(window_rlast),
        .m_axib_rvalid(window_rvalid),
        .m_axib_rready(window_rready),
        .m_axib_awprot(window_awprot),
        .m_axib_awlock(window_awlock),
        .m_axib_awcache(window_awcache),
        .m_axib_arprot(window_arprot),
        .m_axib_arlock(window_arlock),
        .m_axib_arcache(window_arcache),
        .s_axib_awregion(4'd0),
        .s_axib_arregion(4'd0),
        .s_axib_awid(host_awid),
        .s_axib_awaddr(host_awaddr),
        .s_axib_awlen(host_awlen),
        .s_axib_awsize(host_awsize),
        .s_axib_awburst(host_awburst),
        .s_axib_awvalid(host_awvalid),
        .s_axib_awready(host_awready),
        .s_axib_wdata(host_wdata),
        .s_axib_wstrb(host_wstrb),
        .s_axib_wlast(host_wlast),
        .s_axib_wvalid(host_wvalid),
        .s_axib_wready(host_wready),
        .s_axib_bid(host_bid),
        .s_axib_bresp(host_bresp),
        .s_axib_bvalid(host_bvalid),
        .s_axib_bready(host_bready),
        .s_axib_arid(host_arid),
        .s_axib_araddr(host_araddr),
        .s_axib_arlen(host_arlen),
        .s_axib_arsize(host_arsize),
        .s_axib_arburst(host_arburst),
        .s_axib_arvalid(host_arvalid),
        .s_axib_arready(host_arready),
        .s_axib_rid(host_rid),
        .s_axib_rdata(host_rdata),
        .s_axib_rresp(host_rresp),
        .s_axib_rlast(host_rlast),
        .s_axib_rvalid(host_rvalid),
        .s_axib_rready(host_rready),
        // Its own registers stay as configured.
        .s_axil_awaddr(32'd0),
        .s_axil_awprot(3'd0),
        .s_axil_awvalid(1'b0),
        .s_axil_awready(),
        .s_axil_wdata(32'd0),
        .s_axil_wstrb(4'd0),
        .s_axil_wvalid(1'b0),
        .s_axil_wready(),
        .s_axil_bvalid(),
        .s_axil_bresp(),
        .s_axil_bready(1'b1),
        .s_axil_araddr(32'd0),
        .s_axil_arprot(3'd0),
        .s_axil_arvalid(1'b0),
        .s_axil_arready(),
        .s_axil_rdata(),
        .s_axil_rresp(),
        .s_axil_rvalid(),
        .s_axil_rready(1'b1)
    );

    // 512 to 32 bit (axi_dwidth_converter 2.1, PG059).
    registers_width width(
        .s_axi_aclk(clock),
        .s_axi_aresetn(running),
        .s_axi_awregion(4'd0),
        .s_axi_awqos(4'd0),
        .s_axi_arregion(4'd0),
        .s_axi_arqos(4'd0),
        .s_axi_awid(window_awid),
        .s_axi_awaddr(window_awaddr),
        .s_axi_awlen(window_awlen),
        .s_axi_awsize(window_awsize),
        .s_axi_awburst(window_awburst),
        .s_axi_awvalid(window_awvalid),
        .s_axi_awready(window_awready),
        .s_axi_wdata(window_wdata),
        .s_axi_wstrb(window_wstrb),
        .s_axi_wlast(window_wlast),
        .s_axi_wvalid(window_wvalid),
        .s_axi_wready(window_wready),
        .s_axi_bid(window_bid),
        .s_axi_bresp(window_bresp),
        .s_axi_bvalid(window_bvalid),
        .s_axi_bready(window_bready),
        .s_axi_arid(window_arid),
        .s_axi_araddr(window_araddr),
        .s_axi_arlen(window_arlen),
        .s_axi_arsize(window_arsize),
        .s_axi_arburst(window_arburst),
        .s_axi_arvalid(window_arvalid),
        .s_axi_arready(window_arready),
        .s_axi_rid(window_rid),
        .s_axi_rdata(window_rdata),
        .s_axi_rresp(window_rresp),
        .s_axi_rlast(window_rlast),
        .s_axi_rvalid(window_rvalid),
        .s_axi_rready(window_rready),
        .s_axi_awprot(window_awprot),
        .s_axi_awlock(window_awlock),
        .s_axi_awcache(window_awcache),
        .s_axi_arprot(window_arprot),
        .s_axi_arlock(window_arlock),
        .s_axi_arcache(window_arcache),
        .m_axi_awaddr(narrow_awaddr),
        .m_axi_awlen(narrow_awlen),
        .m_axi_awsize(narrow_awsize),
        .m_axi_awburst(narrow_awburst),
        .m_axi_awvalid(narrow_awvalid),
        .m_axi_awready(narrow_awready),
        .m_axi_wdata(narrow_wdata),
        .m_axi_wstrb(narrow_wstrb),
        .m_axi_wlast(narrow_wlast),
        .m_axi_wvalid(narrow_wvalid),
        .m_axi_wready(narrow_wready),
        .m_axi_bresp(narrow_bresp),
        .m_axi_bvalid(narrow_bvalid),
        .m_axi_bready(narrow_bready),
        .m_axi_araddr(narrow_araddr),
        .m_axi_arlen(narrow_arlen),
        .m_axi_arsize(narrow_arsize),
        .m_axi_arburst(narrow_arburst),
        .m_axi_arvalid(narrow_arvalid),
        .m_axi_arready(narrow_arready),
        .m_axi_rdata(narrow_rdata),
        .m_axi_rresp(narrow_rresp),
        .m_axi_rlast(narrow_rlast),
        .m_axi_rvalid(narrow_rvalid),
        .m_axi_rready(narrow_rready),
        .m_axi_awprot(narrow_awprot),
        .m_axi_awlock(narrow_awlock),
        .m_axi_awcache(narrow_awcache),
        .m_axi_arprot(narrow_arprot),
        .m_axi_arlock(narrow_arlock),
        .m_axi_arcache(narrow_arcache),
        .m_axi_awregion(narrow_awregion),
        .m_axi_awqos(narrow_awqos),
        .m_axi_arregion(narrow_arregion),
        .m_axi_arqos(narrow_arqos)
    );

    // AXI4 to AXI4-Lite (axi_protocol_converter 2.1, PG059).
    registers_protocol protocol(
        .aclk(clock),
        .aresetn(running),
        .s_axi_awaddr(narrow_awaddr),
        .s_axi_awlen(narrow_awlen),
        .s_axi_awsize(narrow_awsize),
        .s_axi_awburst(narrow_awburst),
        .s_axi_awvalid(narrow_awvalid),
        .s_axi_awready(narrow_awready),
        .s_axi_wdata(narrow_wdata),
        .s_axi_wstrb(narrow_wstrb),
        .s_axi_wlast(narrow_wlast),
        .s_axi_wvalid(narrow_wvalid),
        .s_axi_wready(narrow_wready),
        .s_axi_bresp(narrow_bresp),
        .s_axi_bvalid(narrow_bvalid),
        .s_axi_bready(narrow_bready),
        .s_axi_araddr(narrow_araddr),
        .s_axi_arlen(narrow_arlen),
        .s_axi_arsize(narrow_arsize),
        .s_axi_arburst(narrow_arburst),
        .s_axi_arvalid(narrow_arvalid),
        .s_axi_arready(narrow_arready),
        .s_axi_rdata(narrow_rdata),
        .s_axi_rresp(narrow_rresp),
        .s_axi_rlast(narrow_rlast),
        .s_axi_rvalid(narrow_rvalid),
        .s_axi_rready(narrow_rready),
        .s_axi_awprot(narrow_awprot),
        .s_axi_awlock(narrow_awlock),
        .s_axi_awcache(narrow_awcache),
        .s_axi_arprot(narrow_arprot),
        .s_axi_arlock(narrow_arlock),
        .s_axi_arcache(narrow_arcache),
        .s_axi_awregion(narrow_awregion),
        .s_axi_awqos(narrow_awqos),
        .s_axi_arregion(narrow_arregion),
        .s_axi_arqos(narrow_arqos),
        .m_axi_awaddr(registers_awaddr),
        .m_axi_awprot(registers_awprot),
        .m_axi_awvalid(registers_awvalid),
        .m_axi_awready(registers_awready),
        .m_axi_wdata(registers_wdata),
        .m_axi_wstrb(registers_wstrb),
        .m_axi_wvalid(registers_wvalid),
        .m_axi_wready(registers_wready),
        .m_axi_bresp(registers_bresp),
        .m_axi_bvalid(registers_bvalid),
        .m_axi_bready(registers_bready),
        .m_axi_araddr(registers_araddr),
        .m_axi_arprot(registers_arprot),
        .m_axi_arvalid(registers_arvalid),
        .m_axi_arready(registers_arready),
        .m_axi_rdata(registers_rdata),
        .m_axi_rresp(registers_rresp),
        .m_axi_rvalid(registers_rvalid),
        .m_axi_rready(registers_rready)
    );

    // The bridge has no function-level reset in this configuration: a bus reset reaches the card as `reset`.
    card_pipelined card(
        .clock(clock),
        .reset(reset),
        .ring_clock(1'b0),
        .ring_strobe(1'b0),
        .function_reset(1'b0),
        .rtl_checksum(RTL_CHECKSUM),
        .temperature(32'd0),
        .interrupt_request(interrupt_request),
        .interrupt_taken(interrupt_taken),
        .s_axil_awaddr(registers_awaddr[11:0]),
        .s_axil_awvalid(registers_awvalid),
        .s_axil_awready(registers_awready),
        .s_axil_wdata(registers_wdata),
        .s_axil_wstrb(registers_wstrb),
        .s_axil_wvalid(registers_wvalid),
        .s_axil_wready(registers_wready),
        .s_axil_bresp(registers_bresp),
        .s_axil_bvalid(registers_bvalid),
        .s_axil_bready(registers_bready),
        .s_axil_araddr(registers_araddr[11:0]),
        .s_axil_arvalid(registers_arvalid),
        .s_axil_arready(registers_arready),
        .s_axil_rdata(registers_rdata),
        .s_axil_rresp(registers_rresp),
        .s_axil_rvalid(registers_rvalid),
        .s_axil_rready(registers_rready),
        .m_axi_awid(host_awid),
        .m_axi_awaddr(host_awaddr),
        .m_axi_awlen(host_awlen),
        .m_axi_awsize(host_awsize),
        .m_axi_awburst(host_awburst),
        .m_axi_awvalid(host_awvalid),
        .m_axi_awready(host_awready),
        .m_axi_wdata(host_wdata),
        .m_axi_wstrb(host_wstrb),
        .m_axi_wlast(host_wlast),
        .m_axi_wvalid(host_wvalid),
        .m_axi_wready(host_wready),
        .m_axi_bid(host_bid),
        .m_axi_bresp(host_bresp),
        .m_axi_bvalid(host_bvalid),
        .m_axi_bready(host_bready),
        .m_axi_arid(host_arid),
        .m_axi_araddr(host_araddr),
        .m_axi_arlen(host_arlen),
        .m_axi_arsize(host_arsize),
        .m_axi_arburst(host_arburst),
        .m_axi_arvalid(host_arvalid),
        .m_axi_arready(host_arready),
        .m_axi_rid(host_rid),
        .m_axi_rdata(host_rdata),
        .m_axi_rresp(host_rresp),
        .m_axi_rlast(host_rlast),
        .m_axi_rvalid(host_rvalid),
        .m_axi_rready(host_rready)
    );
endmodule

`default_nettype wire
