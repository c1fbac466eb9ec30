"""RabbitMQ, by pika."""
