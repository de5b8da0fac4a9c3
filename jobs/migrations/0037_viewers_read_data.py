from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0036_trials'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='viewers_read_data',
            field=models.BooleanField(default=False, help_text="Whether the team's viewers may list and download what it reaches. Operators may anyway."),
        ),
    ]
