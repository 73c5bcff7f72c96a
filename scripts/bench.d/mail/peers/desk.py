#!/usr/bin/env python3
"""A django-helpdesk of one file: its settings, and what is asked of it. Run by the Python of its virtual environment.

    desk.py migrate                  makes the database, in the working directory
    desk.py queue PORT USER PASSWORD
    desk.py get_email                as its manual has cron do it
    desk.py count                    tickets, answers, files
"""
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

here = os.getcwd()
settings.configure(
    SECRET_KEY='bench', DEBUG=False, USE_TZ=True, SITE_ID=1, ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': f'{here}/helpdesk.sqlite'}},
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField', MEDIA_ROOT=f'{here}/media', MEDIA_URL='/media/', STATIC_URL='/static/',
    # It answers whoever writes. Nothing is to leave the machine, and the time for it is not counted.
    EMAIL_BACKEND='django.core.mail.backends.dummy.EmailBackend',
    TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}],
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'django.contrib.sites',
                    'django.contrib.humanize', 'django.contrib.admin', 'django.contrib.messages', 'rest_framework', 'helpdesk'],
    HELPDESK_TEAMS_MODE_ENABLED=False,
    HELPDESK_VALIDATE_ATTACHMENT_TYPES=False,
    LOGGING={'version': 1, 'disable_existing_loggers': True},
)
django.setup()
urlpatterns = [path('', include('helpdesk.urls', namespace='helpdesk'))]
what, arguments = sys.argv[1], sys.argv[2:]
if what == 'migrate':
    call_command('migrate', verbosity=0)
elif what == 'queue':
    from django.utils import timezone
    from helpdesk.models import Queue

    port, user, password = arguments
    Queue.objects.create(title='Bench', slug='bench', allow_email_submission=True, email_box_type='imap', email_box_ssl=True,
                         email_box_host='localhost', email_box_port=int(port), email_box_user=user, email_box_pass=password,
                         email_box_imap_folder='INBOX', email_box_interval=0, logging_type='warn',
                         logging_dir=here, email_box_last_check=timezone.now())
elif what == 'get_email':
    call_command('get_email')
elif what == 'count':
    from helpdesk.models import FollowUp, FollowUpAttachment, Ticket

    tickets, texts = Ticket.objects.count(), FollowUp.objects.count()
    print(tickets, texts - tickets, FollowUpAttachment.objects.count())
