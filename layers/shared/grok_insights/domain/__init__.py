"""What is true of conversations, insights, trends and money. Pure: no clock, no network, no AWS."""
