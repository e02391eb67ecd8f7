// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// Does one of everything a chain must bring across the seam: events, structs, every kind of revert, time, order.
contract Probe {
    struct Point {
        uint256 x;
        address who;
    }

    event Added(address indexed by, uint256 indexed amount, uint256 total);
    event Shaped(bytes32[] path, Point point, string text);

    /// Declared as OPG declares it, for reverts are decoded with the errors of the committed contracts.
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    uint256 public total;
    uint256 public changedAt;

    constructor(uint256 start) {
        require(start < 1000, "start too high");
        total = start;
    }

    function add(uint256 amount) external {
        total += amount;
        changedAt = block.timestamp;
        emit Added(msg.sender, amount, total);
    }

    function take(uint256 amount) external {
        if (amount > total) revert ERC20InsufficientBalance(msg.sender, total, amount);
        total -= amount;
    }

    function shape(bytes32[] calldata path, Point calldata spot, string calldata text) external {
        emit Shaped(path, spot, text);
    }

    function refuse() external pure {
        revert("because");
    }

    function refuseSilently() external pure {
        revert();
    }

    function spin() external {
        while (true) total++;
    }

    function divide(uint256 a, uint256 b) external pure returns (uint256) {
        return a / b;
    }

    function both() external view returns (uint256, uint256) {
        return (total, changedAt);
    }

    function point() external view returns (Point memory) {
        return Point(total, address(this));
    }

    function nothing() external view {}
}
