// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title FixedPoint: 32-bit floats (IEEE 754) as circuits have them, whole multiples of 2 ** -scale
/// @dev Rounds as ezkl does on the way in, halves away from zero, and as any float unit on the way out, halves to even.
library FixedPoint {
    uint256 private constant FRACTION_BITS = 23;
    uint256 private constant UNIT_EXPONENT = 150; // of a float whose mantissa is its value

    error NotANumber(uint32 bits);
    error OutOfRange(int256 value);

    /// @notice The multiple of 2 ** -scale that is nearest to a float.
    function quantise(uint32 bits, uint8 scale) internal pure returns (int256) {
        uint256 exponent = bits >> FRACTION_BITS & 0xff;
        uint256 mantissa = bits & 0x7fffff;
        if (exponent == 0xff || scale > 64) revert NotANumber(bits);
        unchecked {
            // All numbers are small: no exponent is above 318, no magnitude above 2 ** 193.
            if (exponent == 0) exponent = 1;
            else mantissa |= 1 << FRACTION_BITS;
            exponent += scale;
            uint256 magnitude;
            if (exponent >= UNIT_EXPONENT) magnitude = mantissa << (exponent - UNIT_EXPONENT);
            else if (exponent + 24 >= UNIT_EXPONENT) magnitude = _shifted(mantissa, UNIT_EXPONENT - exponent);
            return bits >> 31 == 0 ? int256(magnitude) : -int256(magnitude);
        }
    }

    /// @dev Divided by 2 ** shift, halves up. The shift is not zero.
    function _shifted(uint256 value, uint256 shift) private pure returns (uint256) {
        unchecked {
            return (value + (1 << (shift - 1))) >> shift;
        }
    }

    /// @notice The float that is nearest to a multiple of 2 ** -scale.
    function dequantise(int256 value, uint8 scale) internal pure returns (uint32) {
        if (value == 0) return 0;
        uint256 mantissa = value < 0 ? uint256(-value) : uint256(value);
        uint256 top = Math.log2(mantissa);
        if (top <= FRACTION_BITS) {
            mantissa <<= FRACTION_BITS - top;
        } else {
            uint256 shift = top - FRACTION_BITS;
            uint256 rest = mantissa & ((1 << shift) - 1);
            uint256 half = 1 << (shift - 1);
            mantissa >>= shift;
            if (rest > half || (rest == half && mantissa & 1 == 1)) ++mantissa;
            if (mantissa >> (FRACTION_BITS + 1) != 0) ++top; // its lower bits are zero
        }
        if (top + 127 <= scale || top + 127 - scale >= 0xff) revert OutOfRange(value);
        uint256 sign = value < 0 ? 1 << 31 : 0;
        return uint32(sign | (top + 127 - scale) << FRACTION_BITS | mantissa & 0x7fffff);
    }
}
