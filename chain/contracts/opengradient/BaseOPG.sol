// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title OPG as it is on the payment chain: what clients pay gateways with
/// @notice Our own contract with the ABI that OpenGradient's client calls (ERC-20, EIP-2612 with the domain
/// "OpenGradient", version 1); not the deployed bytecode. A local chain puts it at the token's canonical address.
/// @dev Its code works wherever it is put: nothing that a constructor would write is needed, but for the supply.
contract BaseOPG is ERC20, ERC20Permit {
    uint256 public constant SUPPLY = 1_000_000_000e18;

    error AlreadyIssued();

    constructor() ERC20("OpenGradient", "OPG") ERC20Permit("OpenGradient") {}

    /// @notice Issue the whole supply. Once, by whoever sets the chain up, before anybody else can send anything.
    /// @param holder receives it
    function issue(address holder) external {
        if (totalSupply() != 0) revert AlreadyIssued();
        _mint(holder, SUPPLY);
    }

    /// @inheritdoc ERC20
    function name() public pure override returns (string memory) {
        return "OpenGradient";
    }

    /// @inheritdoc ERC20
    function symbol() public pure override returns (string memory) {
        return "OPG";
    }
}
