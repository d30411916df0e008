// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// The oracle of prediction markets that tests and examples write to. It counts every write, so that one
/// that came twice is seen.
contract MarketOracle {
    error NotUpdater(address caller);
    error OutOfRange(uint256 bps);
    error MarketClosed(address fpmm);

    event RaffleProbabilityUpdated(address indexed fpmm, uint256 bps, uint256 at);
    event MarketSentimentUpdated(address indexed fpmm, uint256 bps, uint256 at);

    struct Price {
        uint16 bps;
        uint64 updatedAt;
        uint128 writes;
    }

    address public owner;
    mapping(address => bool) public isUpdater;
    mapping(address => bool) public isClosed;
    mapping(address => Price) public raffleProbability;
    mapping(address => Price) public marketSentiment;

    constructor() {
        owner = msg.sender;
        isUpdater[msg.sender] = true;
    }

    function setUpdater(address updater, bool isAllowed) external {
        require(msg.sender == owner, "only the owner");
        isUpdater[updater] = isAllowed;
    }

    function setClosed(address fpmm, bool closed) external {
        require(msg.sender == owner, "only the owner");
        isClosed[fpmm] = closed;
    }

    function updateRaffleProbability(address fpmm, uint256 bps) external {
        write(raffleProbability[fpmm], fpmm, bps);
        emit RaffleProbabilityUpdated(fpmm, bps, block.timestamp);
    }

    function updateMarketSentiment(address fpmm, uint256 bps) external {
        write(marketSentiment[fpmm], fpmm, bps);
        emit MarketSentimentUpdated(fpmm, bps, block.timestamp);
    }

    function write(Price storage price, address fpmm, uint256 bps) private {
        if (!isUpdater[msg.sender]) revert NotUpdater(msg.sender);
        if (isClosed[fpmm]) revert MarketClosed(fpmm);
        if (bps > 10_000) revert OutOfRange(bps);
        price.bps = uint16(bps);
        price.updatedAt = uint64(block.timestamp);
        price.writes += 1;
    }
}
