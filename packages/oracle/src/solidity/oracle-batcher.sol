// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// Carries many updates in one transaction. Contracts that let only their oracle write must know this
/// contract as that oracle: it is the `msg.sender` of every update. One that fails stops no other, and
/// each says by an event how it went.
contract OracleBatcher {
    struct Update {
        address target;
        bytes data;
    }

    error NotOwner(address caller);
    error NotOperator(address caller);
    error NotAContract(address target);
    error TooManyUpdates(uint256 count);
    error NotEnoughGas(uint256 index);

    /// `result` holds what a failed update gave back, up to 256 bytes, and nothing of one that succeeded.
    event UpdateExecuted(uint256 indexed index, bool succeeded, bytes result);
    event OwnerChanged(address indexed owner);
    event OperatorChanged(address indexed operator, bool isAllowed);

    uint256 public constant UPDATES_MAX = 200;
    uint256 private constant RESULT_MAX = 256;
    /// What calling an update and telling how it went costs beside it.
    uint256 private constant RESERVE = 20_000;

    address public owner;
    mapping(address => bool) public isOperator;

    constructor() {
        owner = msg.sender;
        isOperator[msg.sender] = true;
        emit OwnerChanged(msg.sender);
        emit OperatorChanged(msg.sender, true);
    }

    function setOwner(address newOwner) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        owner = newOwner;
        emit OwnerChanged(newOwner);
    }

    function setOperator(address operator, bool isAllowed) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        isOperator[operator] = isAllowed;
        emit OperatorChanged(operator, isAllowed);
    }

    /// Every update gets the same gas, so that one cannot use up that of the rest. Where that much is not
    /// left all of it reverts: else an estimate of gas would be the least with which every update fails.
    function execute(Update[] calldata updates, uint256 gasPerUpdate) external {
        if (!isOperator[msg.sender]) revert NotOperator(msg.sender);
        if (updates.length > UPDATES_MAX) revert TooManyUpdates(updates.length);
        for (uint256 index = 0; index < updates.length; index++) {
            address target = updates[index].target;
            if (target.code.length == 0) revert NotAContract(target);
            bytes memory data = updates[index].data;
            // A call leaves a 64th of the gas to its caller (EIP-150).
            if (gasleft() < gasPerUpdate + gasPerUpdate / 63 + RESERVE) revert NotEnoughGas(index);
            (bool succeeded, bytes memory result) = call(target, data, gasPerUpdate);
            emit UpdateExecuted(index, succeeded, result);
        }
    }

    /// Copies no more than `RESULT_MAX` bytes: a target could give back so many that copying them costs
    /// all the gas there is.
    function call(
        address target,
        bytes memory input,
        uint256 gasMax
    ) private returns (bool succeeded, bytes memory result) {
        uint256 size;
        assembly {
            succeeded := call(gasMax, target, 0, add(input, 32), mload(input), 0, 0)
            if iszero(succeeded) { size := returndatasize() }
        }
        if (size > RESULT_MAX) size = RESULT_MAX;
        result = new bytes(size);
        assembly {
            returndatacopy(add(result, 32), 0, size)
        }
    }
}
