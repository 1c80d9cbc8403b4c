"""The words that frame a mail in the languages we meet: greetings, farewells, quote lines, headers.

Tables only; :mod:`triage.core.reading.mail` says what each is good for. All of them are matched on
lower-cased lines.
"""

from __future__ import annotations

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: Words that open a mail when they stand at the start of its first line.
GREETINGS: Final = (
    "hi", "hii", "hey", "heya", "hello", "hiya", "howdy", "dear", "dears", "greetings", "good morning",
    "good afternoon", "good evening", "good day", "gday", "morning", "afternoon", "evening",
    "to whom it may concern", "dear sir", "dear madam", "dear sir or madam", "dear sirs",
    "hallo", "guten tag", "guten morgen", "guten abend", "moin", "servus", "grüß gott", "liebe", "lieber",
    "liebes", "sehr geehrte", "sehr geehrter", "sehr geehrtes", "werte",
    "bonjour", "bonsoir", "salut", "cher", "chère", "chers", "madame", "monsieur", "madame, monsieur",
    "hola", "buenos días", "buenos dias", "buenas tardes", "buenas noches", "buenas", "estimado", "estimada",
    "estimados", "querido", "querida", "ciao", "buongiorno", "buonasera", "salve", "gentile", "gentili",
    "egregio", "spettabile", "beste", "geachte", "goedemorgen", "goedemiddag", "goedenavond", "goedendag",
    "hoi", "olá", "ola", "oi", "bom dia", "boa tarde", "boa noite", "caro", "cara", "prezado", "prezada",
    "prezados", "cześć", "dzień dobry", "witam", "szanowni państwo", "szanowny panie", "szanowna pani",
    "merhaba", "selam", "iyi günler", "sayın", "günaydın", "hej", "hejsan", "god morgon", "god dag", "bästa",
    "goddag", "kjære", "kære", "hei", "hyvä", "tere", "ahoj", "dobrý den", "szia", "tisztelt", "bună ziua",
    "здравствуйте", "добрый день", "привет", "γεια σας", "καλημέρα",
)  # fmt: skip

#: Lines that end a mail: what follows is a name, a role, an address.
FAREWELLS: Final = (
    "regards", "kind regards", "best regards", "warm regards", "warmest regards", "with kind regards",
    "with best regards", "kindest regards", "many regards", "rgds", "brgds", "best wishes", "all the best",
    "best", "bests", "sincerely", "yours sincerely", "sincerely yours", "yours faithfully", "yours truly",
    "respectfully", "cordially", "cheers", "thanks", "thank you", "thankyou", "thanks a lot", "many thanks",
    "thx", "tnx", "ty", "ta", "thanks so much", "thank you so much", "thank you very much",
    "thanks very much", "thanks in advance", "thank you in advance", "many thanks in advance",
    "thanks in anticipation", "thanks again", "thanks and regards", "thanks & regards", "thanks and best",
    "thanks for your help", "thank you for your help", "thanks for helping", "thanks for your time",
    "thank you for your time", "with thanks", "kr", "br", "mfg", "lg", "vg", "bg", "kind rgds",
    "have a nice day", "have a great day", "have a good day", "take care", "bye", "talk soon", "xx", "xoxo",
    "mit freundlichen grüßen", "mit freundlichen gruessen", "freundliche grüße", "viele grüße", "liebe grüße",
    "beste grüße", "schöne grüße", "herzliche grüße", "mit besten grüßen", "hochachtungsvoll", "danke",
    "danke im voraus", "vielen dank", "vielen dank im voraus", "besten dank",
    "cordialement", "bien cordialement", "salutations", "meilleures salutations", "bien à vous", "merci",
    "merci d'avance", "merci beaucoup", "sincères salutations", "respectueusement",
    "saludos", "un saludo", "saludos cordiales", "atentamente", "gracias", "muchas gracias",
    "gracias de antemano", "un cordial saludo", "cordialmente",
    "cordiali saluti", "distinti saluti", "saluti", "un saluto", "grazie", "grazie mille",
    "grazie in anticipo", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet",
    "groeten", "groetjes", "mvg", "bedankt", "alvast bedankt", "dank u", "bvd",
    "atenciosamente", "cumprimentos", "com os melhores cumprimentos", "abraços", "obrigado", "obrigada",
    "desde já obrigado", "pozdrawiam", "z poważaniem", "dziękuję", "z góry dziękuję", "saygılarımla",
    "saygılar", "iyi çalışmalar", "teşekkürler", "teşekkür ederim", "şimdiden teşekkürler",
    "med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar", "mvh", "hälsningar", "tack",
    "tack på förhand", "med venlig hilsen", "venlig hilsen", "vennlig hilsen", "med vennlig hilsen",
    "hilsen", "tak", "takk", "på forhånd tak", "ystävällisin terveisin", "terveisin", "kiitos",
    "s pozdravem", "děkuji", "üdvözlettel", "köszönöm", "cu stimă", "mulțumesc", "с уважением", "спасибо",
)  # fmt: skip

#: The verb of a quote line ("On … she wrote:").
WROTE: Final = (
    "wrote", "writes", "schrieb", "écrit", "ecrit", "escribió", "escribio", "ha scritto", "scritto",
    "schreef", "escreveu", "napisał", "napisała", "napisał(a)", "napsal", "napsala", "napísal", "yazdı",
    "skrev", "kirjoitti", "írta", "a scris", "пишет", "писал", "писала", "написал", "написала", "έγραψε",
    "写道", "寫道", "作成", "のメール", "작성", "כתב", "كتب",
)  # fmt: skip

#: Header names of a quoted or forwarded mail, by what they carry.
FROM_KEYS: Final = _words(
    "from von de da van od från fra kimden gönderen lähettäjä feladó expéditeur remitente mittente "
    "afzender nadawca remetente от отправитель absender avsändare afsender avsender odesílatel"
)
OTHER_KEYS: Final = _words(
    "sent date gesendet datum envoyé envoye enviado fecha inviato data verzonden wysłano skickat sendt dato "
    "tarih gönderildi lähetetty päivämäärä päiväys odesláno elküldve дата отправлено "
    "to an à para a aan do till til kime alıcı vastaanottaja komu címzett кому destinataire destinatario "
    "subject betreff objet asunto oggetto onderwerp temat ämne emne konu aihe assunto předmět tárgy тема "
    "sujet cc kopie copie bcc reply-to antwort"
)

#: Words in a separator line that say the mail below was passed on rather than answered.
FORWARDED: Final = (
    "forward", "fwd", "weitergeleitet", "transféré", "transfere", "réexpédié", "reenviado", "reenvío",
    "inoltrato", "inoltrata", "doorgestuurd", "encaminhada", "encaminhado", "przekazana", "przekazywana",
    "przesłana", "iletilen", "yönlendirilen", "vidarebefordrat", "videresendt", "välitetty", "edelleen",
    "přeposlaná", "továbbított", "пересылаемое", "переслан",
)  # fmt: skip
#: Words in a separator line above a mail that was answered.
ORIGINAL: Final = (
    "original message", "original mail", "original-nachricht", "ursprüngliche nachricht",
    "ursprüngliche mail", "message d'origine", "message original", "message initial", "mensaje original",
    "messaggio originale", "oorspronkelijk bericht", "origineel bericht", "mensagem original",
    "wiadomość oryginalna", "oryginalna wiadomość", "orijinal ileti", "özgün ileti", "orijinal mesaj",
    "ursprungligt meddelande", "originalmeddelande", "oprindelig meddelelse", "opprinnelig melding",
    "alkuperäinen viesti", "původní zpráva", "eredeti üzenet", "mesaj original", "исходное сообщение",
)  # fmt: skip

#: Starts of the line a phone or app adds below a mail.
DEVICE_FOOTERS: Final = (
    "sent from", "sent by", "sent with", "sent via", "sent using", "get outlook for", "envoyé de mon", "envoyé depuis",
    "envoyé à partir de", "von meinem", "gesendet von", "gesendet mit", "diese nachricht wurde von meinem",
    "enviado desde", "enviado do", "enviado de", "enviado a partir", "inviato da", "inviato dal",
    "verzonden vanaf", "verzonden met", "verstuurd vanaf", "verstuurd van", "wysłane z", "wysłano z",
    "skickat från", "skickades från", "sendt fra", "lähetetty", "odesláno z", "iphone'umdan gönderildi",
    "cihazımdan gönderildi", "отправлено с", "outlook für", "outlook pour", "outlook para",
    "télécharger outlook", "obtener outlook", "scarica outlook", "yahoo mail",
    "typed on my phone", "excuse the typos", "please excuse typos",
    "virus-free", "this email has been checked for viruses",
)  # fmt: skip

#: Marks of a legal notice; two of them in one paragraph make it a disclaimer.
DISCLAIMER_MARKS: Final = (
    "confidential", "intended recipient", "intended solely", "intended only", "privileged", "disclaimer",
    "notify the sender", "inform the sender", "received this", "in error", "delete it", "unauthorised",
    "unauthorized", "disclos", "dissemination", "virus", "legally", "liability", "registered in",
    "registered office", "registration number", "company number", "company no", "vat no", "before printing",
    "environment", "all copies", "this e-mail", "this email", "this message", "this communication",
    "attachments", "copying", "prohibited", "addressee", "vertraulich", "empfänger", "irrtümlich",
    "geschäftsführer", "handelsregister", "amtsgericht", "ust-id", "confidentiel", "destinataire",
    "confidencial", "destinatario", "riservat", "vertrouwelijk", "geadresseerde", "kvk",
    "adresat", "gizli", "konfidentiell", "konfidensiell",
    "views expressed", "opinions", "do not bind", "responsib", "malware", "in transit", "scanned", "not permitted",
    "divulg", "vietato", "interdit", "queda prohibid", "aviso legal", "avis juridique",
)  # fmt: skip
