"""Raw material for realistic mail: clients, languages, openings, closings, notices and stories.

Written from what mail programs send, not from what the stripper knows. Nothing named HELD_OUT was
known when the rules were first written; what it showed was mended by general rules, not word by word.
"""

from __future__ import annotations

OPENINGS = [
    "Hi there,", "Hello Support Team,", "Dear Sir/Madam", "Good afternoon!", "Hi,", "Hey guys", "Dear all,",
    "Hello,\nI hope you are doing well.", "Hi Emma,\n\nhope you had a lovely weekend.", "To the customer care team:",
    "Greetings from Lisbon!", "Hiya", "Dear Ms Okafor,", "HELLO", "Good day to you,", "Dear customer service -",
    "Hi team, thanks for getting back to me so quickly.", "Hello again", "", "", "Bonjour,", "Hallo zusammen,",
    "Buenas tardes:", "Sehr geehrte Damen und Herren,", "Ciao ragazzi,", "Beste meneer/mevrouw,",
    "@support", "Dear Bank", "Hi 👋", "Morning all.",
]  # fmt: skip

HELD_OUT_OPENINGS = [
    "Dear Team Customer Success,", "Hello dear support people!", "Good morning from a rainy Leeds,", "Yo,",
    "Respected Sir,", "Hi Sir/Mam", "Dobrý den,", "Kedves Ügyfélszolgálat!", "Hei,", "Stimate domn,",
    "Attention: Payments Department", "Hi, it's me again.",
    'Hello lovely people,',
    'Dear Accounts,',
    'Evening!',
    'Dear Mr. Whoever-reads-this,',
    'Γεια σας,',
    'Poštovani,',
    'Bon dia,',
    'Xin chào,',
    'Hi support',
    'Dear XYZ Bank Customer Service Department,',
    'Hi there! Hope all is good on your end.',
    'Good afternoon, my name is Peter and I hold an account with you.',
]  # fmt: skip

CLOSINGS = [
    "Kind regards,\n{name}", "Best,\n{first}", "Thanks!\n{first}", "Many thanks in advance for your help\n\n{name}",
    "Cheers\n{first}", "Yours sincerely\n\n{name}\n{street}\n{city}", "Looking forward to hearing from you.\n\n{name}",
    "{first}", "- {first}", "BR\n{name}\n{job}", "Thx, {first}", "Warmly,\n{first} x",
    "Best regards / Mit freundlichen Grüßen\n\n{name}\n{job}\n{company}",
    "Thank you so much for your time and patience.\n{name}", "Have a lovely day,\n{first}", "", "",
    "Viele Grüße\n{name}", "Cordialement,\n\n{name}", "Un saludo,\n{first}", "Cordiali saluti\n{name}",
    "Met vriendelijke groet,\n\n{name}", "Pozdrawiam serdecznie\n{name}", "Saygılarımla,\n{name}",
    "Com os melhores cumprimentos,\n{name}", "Med vänliga hälsningar\n{name}", "Mit freundlichem Gruß\n{name}",
    "Please advise.\n\nRegards,\n{name}", "I look forward to your reply.\n\nYours,\n{first}",
]  # fmt: skip

HELD_OUT_CLOSINGS = [
    "Hoping for a swift response,\n\n{name}", "Lots of love\n{first}", "Sent with gratitude,\n{name}",
    "S pozdravem\n{name}", "Üdvözlettel:\n{name}", "Ystävällisin terveisin\n{name}", "Cu respect,\n{name}",
    "Yours in anticipation\n{name}", "With appreciation,\n{name}\n{job}", "Ta muchly\n{first}", "V/r,\n{name}",
    "Peace,\n{first}",
    'Thanking you in anticipation.\nYours,\n{name}',
    'Ciao for now\n{first}',
    'Grateful for any pointers!\n{name}',
    'S poštovanjem,\n{name}',
    'Με εκτίμηση\n{name}',
    'Salutacions cordials,\n{name}',
    'Trân trọng\n{name}',
    'Much obliged\n{first}',
    'Please get back to me as soon as possible.\n{name}\n{street}, {city}',
    'Waiting for your answer\n{first}',
    'Yours,\n\n{name}',
    'Thanks and have a great weekend!\n{first}',
    'I appreciate it.\n\n{name}',
]  # fmt: skip

SIGNATURES = [
    "", "", "",
    "-- \n{name}\n{job} | {company}\nT: +44 20 7946 0{digits}\n{mail}",
    "--\n{name}, {job}\n{company} · {street} · {city}\nwww.{host}",
    "{name}\n{job}\n{company}\n\nM +49 171 55{digits}\nE {mail}\nW https://www.{host}/about",
    "___________________________\n{name}\n{company} Ltd.",
    "{mail}\nTel. 030 / 901{digits}",
    "[image: logo]\n*{name}*\n_{job}_\n{company}\nPhone: (555) 01{digits}\nLinkedIn <https://linkedin.com/in/{first}> | Twitter",
    "“Be the change you wish to see.”",
]  # fmt: skip

HELD_OUT_SIGNATURES = [
    "*****\n{name} ~ {job}\n{company}\nskype: {first}.{digits}",
    "==================\n{name}\nDept. of {job}\nRoom 4.{digits}\n{city}",
    "{name} (she/her)\n{job} at {company}\nWorking hours: Mon-Thu\nCall me on 07700 900{digits}",
    "^_^ {first}",
    '{name} | {job} | {company}\n{street} | {city} | +385 1 4{digits} 22',
    '~~~\n{name}',
    '{company}\nwe build things\n{mail}',
    '{name}\nPhD candidate\nUniversity of {city}\nhttps://{host}/~{first}',
    'Follow us on Facebook | Instagram | YouTube',
]  # fmt: skip

FOOTERS = [
    "", "", "", "Sent from my iPhone", "Sent from my Galaxy", "Get Outlook for Android<https://aka.ms/AAb9ysg>",
    "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Enviado desde mi iPhone", "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone", "Enviado do meu iPhone", "Wysłane z iPhone'a", "iPhone'umdan gönderildi",
    "Skickat från min iPhone", "Sent from Mail for Windows", "Sent from Yahoo Mail on Android",
    "Diese Nachricht wurde von meinem Android-Gerät mit WEB.DE Mail gesendet.",
]  # fmt: skip

HELD_OUT_FOOTERS = [
    "Lähetetty iPhonesta", "Sendt fra min iPhone", "Odesláno z iPhonu", "Sent from my BlackBerry 10 smartphone.",
    "Sent with Proton Mail secure email.", "Trimis de pe iPhone-ul meu", "Az iPhone-omról küldve",
    "Sent from Nine", "--\nSent from Canary (https://canarymail.io)", "Downloaded from the app store, typed with thumbs",
    'Sent from Samsung Mobile',
    'Poslano s mog iPhonea',
    'Στάλθηκε από το iPhone μου',
    'Enviat des del meu iPhone',
    'Được gửi từ iPhone của tôi',
    'Sent from Outlook for iOS',
    'Sent from my Pixel 8',
    'Sent by voice dictation, sorry for mistakes',
]  # fmt: skip

NOTICES = [
    "", "", "",
    "CONFIDENTIALITY NOTICE: This e-mail and any attachments are for the exclusive use of the person or entity to whom it is "
    "addressed. If you have received it by mistake, please tell us at once and erase it from your system. Any other use is "
    "not permitted.",
    "This message may contain privileged material. If you are not the intended recipient you must not read, copy or act on "
    "it. {company} Ltd is registered in England, company number 0{digits}77. Registered office: {street}, {city}.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie bitte sofort "
    "den Absender und vernichten Sie diese Mail. {company} GmbH, Sitz: {city}, Amtsgericht {city} HRB 1{digits}, "
    "Geschäftsführer: {name}",
    "Ce message et ses pièces jointes sont confidentiels et établis à l'intention exclusive de leurs destinataires. Toute "
    "utilisation non conforme est interdite.",
    "Please consider the environment before printing this e-mail.",
    "This email has been scanned for viruses and malware, and may have been automatically archived by {company} Secure.",
]  # fmt: skip

HELD_OUT_NOTICES = [
    "Aviso legal: la información contenida en este mensaje es confidencial y va dirigida únicamente a la persona indicada. "
    "Queda prohibida su divulgación o copia sin autorización.",
    "Le informazioni contenute in questa comunicazione sono riservate e destinate esclusivamente alla persona sopra indicata. "
    "È vietato ai soggetti diversi dai destinatari qualsiasi uso o copia.",
    "The views expressed here are mine and do not bind {company}. Nothing in it forms a contract. We accept no "
    "responsibility for loss caused by malware in transit.",
    "Denne e-post kan inneholde konfidensiell informasjon. Er du ikke rette mottaker, slett den og gi beskjed til avsender.",
    'If you are not the addressee, please let us know by return and remove the message. Our terms of business apply to every instruction: www.{host}/terms',
    'Ova poruka je povjerljiva i namijenjena isključivo primatelju. Ako ste je primili greškom, molimo obavijestite pošiljatelja.',
    'Το παρόν μήνυμα είναι εμπιστευτικό και προορίζεται μόνο για τον παραλήπτη.',
    '{company} is an equal opportunity employer. Registered charity 1{digits}455.',
    '** External mail: do not open attachments from people you do not know **',
]  # fmt: skip

STORIES = [
    "I have been with you for about six years now and never had reason to complain.",
    "Last week I was away with my two kids at the seaside, so sorry for the late message.",
    "My husband told me I should just drop you a line about this.",
    "I live in a small village and the nearest town is forty minutes away by bus.",
    "It has been a stressful month, we moved house and started new jobs.",
    "I looked through the pages on your website for a while last night.",
    "A colleague at work recommended you to me in spring.",
    "I am seventy-two and not very good with all this modern stuff, so bear with me.",
    "We are currently on the road between Vienna and Budapest.",
    "You were so friendly on the phone the last time, that was much appreciated.",
    "It was raining cats and dogs that day and I was in a hurry.",
    "My daughter had her birthday on Saturday and we had a big party in the garden.",
    "I normally sort these things out myself.",
    "As you may remember, I wrote to you some months ago about something entirely different.",
    "I am writing from my sister's computer.",
    "The weather here has been terrible and half the street had no electricity.",
]  # fmt: skip

HELD_OUT_STORIES = [
    "For context, I teach maths at a secondary school and only get to my mail in the evenings.",
    "Our dog had surgery on Monday, so I have been a little distracted.",
    "I sat down with a cup of tea to write this, as my grandson suggested.",
    "Between night shifts at the hospital I hardly find a quiet minute.",
    "We met one of your people at the spring fair in Utrecht, a really nice chap.",
    "English is not my first language, please forgive my mistakes.",
    "The neighbours had exactly the same thing, which is how the topic came up over dinner.",
    "It was late, the train was packed and the conductor was in a mood.",
    'My flight to Crete was late, so I am rather tired while typing this.',
    'I have two jobs and three children, so time is short.',
    'Someone at the bakery told me that you are quick to answer.',
    'I only moved to this country last autumn and am still learning how everything is done.',
    'We had a nice chat with your colleague Sara at the branch in March.',
    'My brother set everything up for me in the beginning.',
    'Sorry if this is a silly thing to write about.',
    'It is nearly midnight here and I can hardly keep my eyes open.',
    'I used to be with another company for twenty years.',
    'As a pensioner I count every penny.',
    'I was sitting on the train to Leeds as it happened.',
    'My neighbour Olga laughed about it for an hour.',
]  # fmt: skip

AGENT_REPLIES = [
    "Thank you for contacting us. We have received your message and will come back to you within one working day.",
    "Thanks for reaching out! Could you please send us some more details, so that we can look into this for you?",
    "We are sorry for the inconvenience. Your earlier request has now been completed. Is there anything else we can do?",
    "Your case has been closed. If you have further questions, simply reply to this message.",
]  # fmt: skip

COVER_NOTES = ["FYI", "See below please.", "Please see the message below.", "", "", "fwd as discussed", "👇"]
HELD_OUT_COVER_NOTES = [
    "Passing this on.",
    "One for you guys",
    "",
    "as below, thanks",
    "please handle",
    "Can you look at this one?",
    "From a client, see underneath",
    "not ours :)",
]

NAMES = [
    ("Margaret", "O'Neill"), ("Tomasz", "Kowalski"), ("Aylin", "Demir"), ("Jörg", "Schäfer"), ("Chloé", "Martin"),
    ("Diego", "Fuentes"), ("Giulia", "Ferri"), ("Sanne", "de Wit"), ("Linnea", "Berg"), ("Priya", "Raman"),
]  # fmt: skip
JOBS = ["Facility Manager", "Head of Sales", "Student", "Architect", "Nurse", "Account Executive"]
COMPANIES = ["Northfield", "Blauwerk", "Piedra & Hijos", "Studio Fenn"]
CITIES = ["London", "Hamburg", "Utrecht", "Toulouse", "Sevilla", "Gdańsk"]
STREETS = ["12 Mill Lane", "Lindenallee 4", "Rue des Lilas 7", "Calle Olmo 33"]

#: Language: (quote line, header names From/Sent/To/Subject, forward title, reply title, a date).
QUOTES = {
    "en": (
        "On {date}, {name} <{mail}> wrote:", ("From", "Sent", "To", "Subject"),
        "Forwarded message", "Original Message", "Tue, 14 May 2024 at 09:41",
    ),
    "en_us": (
        "On Tue, May 14, 2024 at 9:41 AM {name} <{mail}> wrote:", ("From", "Date", "To", "Subject"),
        "Forwarded message", "Original message", "Tuesday, May 14, 2024 9:41 AM",
    ),
    "de": (
        "Am {date} schrieb {name} <{mail}>:", ("Von", "Gesendet", "An", "Betreff"),
        "Weitergeleitete Nachricht", "Ursprüngliche Nachricht", "Di., 14. Mai 2024 um 09:41 Uhr",
    ),
    "fr": (
        "Le {date}, {name} <{mail}> a écrit :", ("De", "Envoyé", "À", "Objet"),
        "Message transféré", "Message d'origine", "mar. 14 mai 2024 à 09:41",
    ),
    "es": (
        "El {date}, {name} (<{mail}>) escribió:", ("De", "Enviado el", "Para", "Asunto"),
        "Mensaje reenviado", "Mensaje original", "mar, 14 may 2024 a las 9:41",
    ),
    "it": (
        "Il giorno {date} {name} <{mail}> ha scritto:", ("Da", "Inviato", "A", "Oggetto"),
        "Messaggio inoltrato", "Messaggio originale", "mar 14 mag 2024 alle ore 09:41",
    ),
    "nl": (
        "Op {date} schreef {name} <{mail}>:", ("Van", "Verzonden", "Aan", "Onderwerp"),
        "Doorgestuurd bericht", "Oorspronkelijk bericht", "di 14 mei 2024 om 09:41",
    ),
    "pt": (
        "{name} <{mail}> escreveu no dia {date}:", ("De", "Enviada", "Para", "Assunto"),
        "Mensagem encaminhada", "Mensagem original", "terça, 14/05/2024 à(s) 09:41",
    ),
    "pl": (
        "{date} {name} <{mail}> napisał(a):", ("Od", "Wysłano", "Do", "Temat"),
        "Przekazana wiadomość", "Oryginalna wiadomość", "wt., 14 maj 2024 o 09:41",
    ),
    "tr": (
        "{name} <{mail}>, {date} tarihinde şunu yazdı:", ("Kimden", "Gönderildi", "Kime", "Konu"),
        "Yönlendirilen ileti", "Orijinal ileti", "14 May 2024 Sal, 09:41",
    ),
    "sv": (
        "Den {date} skrev {name} <{mail}>:", ("Från", "Skickat", "Till", "Ämne"),
        "Vidarebefordrat meddelande", "Ursprungligt meddelande", "tis 14 maj 2024 kl 09:41",
    ),
}  # fmt: skip

HELD_OUT_QUOTES = {
    "cs": (
        "út 14. 5. 2024 v 9:41 odesílatel {name} <{mail}> napsal:", ("Od", "Odesláno", "Komu", "Předmět"),
        "Přeposlaná zpráva", "Původní zpráva", "úterý 14. května 2024 9:41",
    ),
    "hu": (
        "{name} <{mail}> ezt írta (időpont: {date}):", ("Feladó", "Elküldve", "Címzett", "Tárgy"),
        "Továbbított üzenet", "Eredeti üzenet", "2024. máj. 14., K, 9:41",
    ),
    "fi": (
        "{name} <{mail}> kirjoitti {date}:", ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
        "Välitetty viesti", "Alkuperäinen viesti", "ti 14. toukok. 2024 klo 9.41",
    ),
    "no": (
        "tir. 14. mai 2024 kl. 09:41 skrev {name} <{mail}>:", ("Fra", "Sendt", "Til", "Emne"),
        "Videresendt melding", "Opprinnelig melding", "tirsdag 14. mai 2024 09:41",
    ),
    "ro": (
        "În mar., 14 mai 2024 la 09:41, {name} <{mail}> a scris:", ("De la", "Trimis", "Către", "Subiect"),
        "Mesaj redirecționat", "Mesaj original", "marți, 14 mai 2024 09:41",
    ),
    "ja": (
        "2024年5月14日(火) 9:41 {name} <{mail}>:", ("差出人", "送信日時", "宛先", "件名"),
        "転送されたメッセージ", "元のメッセージ", "2024年5月14日 9:41",
    ),
    "ru": (
        "вт, 14 мая 2024 г. в 09:41, {name} <{mail}>:", ("От", "Отправлено", "Кому", "Тема"),
        "Пересылаемое сообщение", "Исходное сообщение", "14 мая 2024 г. 9:41",
    ),
    "id": (
        "Pada tanggal Sel, 14 Mei 2024 pukul 09.41 {name} <{mail}> menulis:", ("Dari", "Tanggal", "Kepada", "Perihal"),
        "Pesan terusan", "Pesan asli", "Sel, 14 Mei 2024 09.41",
    ),
    "hr": ('Dana uto, 14. svi 2024. u 09:41 {name} <{mail}> je napisao/la:', ('Šalje', 'Poslano', 'Prima', 'Predmet'), 'Proslijeđena poruka', 'Izvorna poruka', 'utorak, 14. svibnja 2024. 9:41'),
    "el": ('Στις Τρί 14 Μαΐ 2024 στις 9:41 π.μ., ο/η {name} <{mail}> έγραψε:', ('Από', 'Στάλθηκε', 'Προς', 'Θέμα'), 'Προωθημένο μήνυμα', 'Αρχικό μήνυμα', 'Τρίτη, 14 Μαΐου 2024 9:41'),
    "ca": ('Missatge de {name} <{mail}> del dia dt., 14 de maig 2024 a les 9:41:', ('De', 'Enviat', 'Per a', 'Assumpte'), 'Missatge reenviat', 'Missatge original', 'dimarts, 14 de maig 2024 9:41'),
    "vi": ('Vào Th 3, 14 thg 5, 2024 lúc 09:41 {name} <{mail}> đã viết:', ('Từ', 'Ngày', 'Đến', 'Chủ đề'), 'Tin nhắn được chuyển tiếp', 'Tin nhắn gốc', '14/05/2024 09:41'),
}  # fmt: skip

#: Ways to write two questions as one ticket.
JOINTS = [
    "{a} {b}", "{a} And {b_low}", "{a} Also, {b_low}", "{a_open} and also {b_low}", "{a_open}, also {b_low}",
    "{a_open} {b_low}", "{a} Another thing: {b_low}", "{a}\n\n{b}", "{a} One more question, {b_low}",
    "{a_open} and {b_low}", "1. {a}\n2. {b}", "- {a}\n- {b}", "Two things. {a} {b}",
]  # fmt: skip
HELD_OUT_JOINTS = [
    "First: {a} Second: {b}", "{a} On a different note, {b_low}", "{a_open} plus {b_low}", "{a} While I have you: {b_low}",
    "{a_open}; {b_low}", "{a} {b}", "{a_open} {b_low}", "{a} Apart from this, {b_low}", "a) {a}\nb) {b}",
    "{a_open} and {b_low}", "{a} Unrelated, but {b_low}", "{a_open} - {b_low}",
]  # fmt: skip
