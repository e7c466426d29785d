from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=100)
    price = models.IntegerField(null=True)

    def __str__(self) -> str:
        return self.title


class Note(models.Model):
    text = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.text
