"""Tables as people have them, none of which is of a known format: invented posts, real habits.

Each says which column should become which field. `wanted` holds what a draft must say, `never` what
it must leave out. `BUILT_WITH` were looked at when the drafts were made; `HELD_OUT` were not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BUILT_WITH", "Table", "links", "numbers", "texts", "times"]

_ROWS = 12
_NAMES = ("Lin Invented", "Mo Made-Up", "Ada Nobody", "The Invented Daily")
_HANDLES = ("lin_invented", "mo.madeup", "ada_nobody7", "invented_daily")
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "They closed the harbour bridge again this morning and nobody was told why",
        "Look at this picture of the old station before it was torn down",
        "Small shops have to close while the big ones stay open, says the mayor",
    ),
    "de": (
        "Heute früh wurde die Hafenbrücke wieder gesperrt, und niemand weiß warum",
        "So sah der alte Bahnhof aus, bevor er abgerissen wurde",
        "Kleine Läden müssen schließen, während die großen offen bleiben",
    ),
    "fr": (
        "Le pont du port est de nouveau fermé ce matin, sans aucune explication",
        "Voici la vieille gare avant sa démolition, une photo rare",
        "Les petits commerces doivent fermer pendant que les grands restent ouverts",
    ),
    "es": (
        "Esta mañana cerraron otra vez el puente del puerto y nadie explicó por qué",
        "Así era la vieja estación antes de que la derribaran",
        "Las tiendas pequeñas tienen que cerrar mientras las grandes siguen abiertas",
    ),
    "pt": (
        "Fecharam outra vez a ponte do porto esta manhã e ninguém explicou porquê",
        "A velha estação antes de ser demolida, numa fotografia rara",
        "As lojas pequenas têm de fechar enquanto as grandes ficam abertas",
    ),
    "ru": (
        "Сегодня утром снова закрыли портовый мост, и никто не сказал почему",
        "Так выглядел старый вокзал до того, как его снесли",
        "Маленькие магазины закрывают, а большие остаются открытыми",
    ),
    "zh": (
        "今天早上港口大桥又被封闭，没有人说明原因",
        "这是老车站被拆除之前的样子，难得的照片",
        "小商店必须关门，大商场却照常营业，市长这样说",
    ),
    "tr": (
        "Bu sabah liman köprüsü yine kapatıldı ve kimse nedenini söylemedi",
        "Eski istasyon yıkılmadan önce böyle görünüyordu",
        "Küçük dükkânlar kapanmak zorunda, büyükler açık kalıyor",
    ),
    "ar": (
        "أغلقوا جسر الميناء مرة أخرى هذا الصباح ولم يخبر أحد لماذا",
        "هكذا كانت المحطة القديمة قبل أن تهدم في العام الماضي",
        "على المتاجر الصغيرة أن تغلق بينما تبقى الكبيرة مفتوحة",
    ),
    "ja": (
        "今朝また港の橋が閉鎖されましたが、理由は知らされていません",
        "取り壊される前の古い駅はこのような姿でした",
        "小さな店は閉めなければならないのに大きな店は開いたままです",
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its columns, and what a draft of it must say and must not."""

    called: str
    columns: Mapping[str, Sequence[str]]
    wanted: Mapping[str, str]
    platform: str = ""
    kind: str = ""
    never: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @property
    def rows(self) -> list[list[str]]:
        return [list(cells) for cells in zip(*self.columns.values(), strict=True)]


def _cells(*values: str) -> list[str]:
    return [values[at % len(values)] for at in range(_ROWS)]


def texts(language: str) -> list[str]:
    return [f"{_TEXTS[language][at % 3]} ({at})" for at in range(_ROWS)]


def numbers(first: int, step: int = 7919) -> list[str]:
    return [str(first + at * step) for at in range(_ROWS)]


def counts(factor: int = 13) -> list[str]:
    return [str(at * factor % 97) for at in range(_ROWS)]


def links(pattern: str, first: int = 1163000000000000101) -> list[str]:
    return [
        pattern.format(id=first + at * 7919, handle=_HANDLES[at % 4], at=at) for at in range(_ROWS)
    ]


def times(pattern: str) -> list[str]:
    return [pattern.format(day=13 + at, hour=at % 12, minute=at * 4) for at in range(_ROWS)]


def handles() -> list[str]:
    return _cells(*_HANDLES)


def names() -> list[str]:
    return _cells(*_NAMES)


BUILT_WITH = (
    Table(
        "a lab's own scraper of X",
        {
            "": [str(at) for at in range(_ROWS)],
            "tweet_id": numbers(1163000000000000101),
            "user_name": handles(),
            "user_displayname": names(),
            "tweet_text": texts("en"),
            "created": times("2019-08-{day:02} {hour:02}:{minute:02}:22+00:00"),
            "lang": _cells("en"),
            "photo_urls": links("https://pbs.twimg.com/media/E{at}aBcDe.jpg"),
            "n_likes": counts(),
            "n_retweets": counts(5),
            "scraped_at": times("2020-01-{day:02} 10:00:00"),
        },
        {
            "post_id": "tweet_id",
            "account_id": "user_name",
            "account_name": "user_displayname",
            "posted_at": "created",
            "text": "tweet_text",
            "media": "photo_urls",
            "engagement.likes": "n_likes",
            "engagement.reposts": "n_retweets",
        },
        platform="twitter",
        never=("scraped_at", "lang", ""),
    ),
    Table(
        "Facebook-Seiten einer Redaktion",
        {
            "Nr.": [str(at + 1) for at in range(_ROWS)],
            "Seite": names(),
            "Datum": times("{day}.08.2019 {hour:02}:{minute:02}"),
            "Beitragstext": texts("de"),
            "Link zum Beitrag": links("https://www.facebook.com/100200300400/posts/{id}", 10158),
            "Gefällt mir": counts(),
            "Kommentare": counts(3),
            "Geteilt": counts(2),
            "Abgerufen am": times("{day}.09.2019"),
        },
        {
            "post_id": "Link zum Beitrag",
            "account_name": "Seite",
            "posted_at": "Datum",
            "text": "Beitragstext",
            "engagement.likes": "Gefällt mir",
            "engagement.comments": "Kommentare",
            "engagement.shares": "Geteilt",
        },
        kind="page",
        never=("Nr.", "Abgerufen am"),
    ),
    Table(
        "export Instagram d'une ONG",
        {
            "Lien": links("https://www.instagram.com/p/B{id}/", 1000000000),
            "Nom du compte": names(),
            "Pseudo": handles(),
            "Légende": texts("fr"),
            "Date de publication": times("{day}/08/2019 {hour:02}:{minute:02}:05"),
            "Nombre de j’aime": counts(),
            "Nombre de commentaires": counts(3),
            "Langue": _cells("fr"),
        },
        {
            "post_id": "Lien",
            "account_id": "Pseudo",
            "account_name": "Nom du compte",
            "text": "Légende",
            "posted_at": "Date de publication",
            "engagement.likes": "Nombre de j’aime",
            "engagement.comments": "Nombre de commentaires",
        },
        never=("Langue",),
    ),
    Table(
        "hoja de cálculo de publicaciones",
        {
            "Fecha": times("2019-08-{day:02}"),
            "Hora": times("{hour:02}:{minute:02}"),
            "Página": names(),
            "Mensaje": texts("es"),
            "Enlace": links("https://www.facebook.com/invented/posts/{id}", 2200000),
            "Imagen": links("imagenes/{id}.jpg"),
            "Me gusta": counts(),
            "Compartidos": counts(3),
            "Tipo": _cells("Photo", "Video"),
        },
        {
            "post_id": "Enlace",
            "account_name": "Página",
            "posted_at": "Fecha",
            "text": "Mensaje",
            "media": "Imagen",
            "engagement.likes": "Me gusta",
            "engagement.shares": "Compartidos",
        },
        kind="page",
        never=("Hora", "Tipo"),
    ),
    Table(
        "планшет с постами ВК",
        {
            "Ссылка на пост": links("https://vk.com/wall-20629724_{id}", 271945),
            "Название группы": names(),
            "Дата публикации": times("{day}.08.2019 {hour:02}:{minute:02}"),
            "Текст поста": texts("ru"),
            "Лайки": counts(),
            "Репосты": counts(3),
            "Комментарии": counts(2),
            "Просмотры": counts(31),
            "Фото": links("https://sun9-1.userapi.com/impg/{id}.jpg"),
        },
        {
            "post_id": "Ссылка на пост",
            "account_name": "Название группы",
            "posted_at": "Дата публикации",
            "text": "Текст поста",
            "media": "Фото",
            "engagement.likes": "Лайки",
            "engagement.reposts": "Репосты",
            "engagement.comments": "Комментарии",
            "engagement.views": "Просмотры",
        },
        kind="group",
    ),
    Table(
        "微博采集表",
        {
            "微博ID": numbers(4407000000000101),
            "用户ID": _cells("1669800001", "1669800002", "1669800003"),
            "用户昵称": _cells("林某", "莫某", "无名氏"),
            "微博正文": texts("zh"),
            "发布时间": times("2019-08-{day:02} {hour:02}:{minute:02}"),
            "点赞数": counts(),
            "转发数": counts(3),
            "评论数": counts(2),
            "采集时间": times("2020-01-{day:02} 10:00"),
        },
        {
            "post_id": "微博ID",
            "account_id": "用户ID",
            "account_name": "用户昵称",
            "text": "微博正文",
            "posted_at": "发布时间",
            "engagement.likes": "点赞数",
            "engagement.reposts": "转发数",
            "engagement.comments": "评论数",
        },
        platform="weibo",
        never=("采集时间",),
    ),
    Table(
        "tabela de mensagens do Telegram",
        {
            "id": numbers(4001, 3),
            "canal": handles(),
            "data": times("2019-08-{day:02}T{hour:02}:{minute:02}:09Z"),
            "mensagem": texts("pt"),
            "visualizações": counts(91),
            "encaminhamentos": counts(2),
            "link": links("https://t.me/invented_channel/{id}", 4001),
            "arquivo_de_midia": links("photos/photo_{at}.jpg"),
        },
        {
            "post_id": "link",
            "account_id": "canal",
            "posted_at": "data",
            "text": "mensagem",
            "media": "arquivo_de_midia",
            "engagement.views": "visualizações",
        },
        kind="channel",
    ),
    Table(
        "a dashboard of several platforms",
        {
            "Network": _cells("Facebook", "Instagram", "TikTok"),
            "Post ID": numbers(6720000000000000101),
            "Account ID": _cells("100200300400", "100200300401"),
            "Account Name": names(),
            "Published (UTC)": times("Aug {day}, 2019 {hour}:{minute:02} AM"),
            "Post Copy": texts("en"),
            "Thumbnail URL": links("https://scontent.xx.fbcdn.net/v/t1.0-9/{id}_n?oh=1"),
            "External Link": links("https://news.example.org/story/{at}"),
            "Hashtags": _cells("#bridge, #harbour", "", "#shops"),
            "Reach": counts(71),
            "Sentiment": _cells("neutral"),
            "Followers": counts(1000),
        },
        {
            "platform": "Network",
            "post_id": "Post ID",
            "account_id": "Account ID",
            "account_name": "Account Name",
            "posted_at": "Published (UTC)",
            "media": "Thumbnail URL",
            "links": "External Link",
            "hashtags": "Hashtags",
            "engagement.views": "Reach",
        },
        never=("Sentiment", "Followers"),
    ),
    Table(
        "columns that say nothing",
        {
            "a": links("https://twitter.com/lin_invented/status/{id}"),
            "b": times("2019-08-{day:02} {hour:02}:{minute:02}"),
            "c": texts("en"),
            "d": links("https://pbs.twimg.com/media/E{at}aBcDe.jpg"),
        },
        {"post_id": "a", "posted_at": "b", "text": "c", "media": "d"},
        never=("account_id",),
    ),
    Table(
        "records of an API, flattened",
        {
            "id": numbers(6720000000000000101),
            "author.id": numbers(6700000000000000001, 0),
            "author.uniqueId": handles(),
            "author.nickname": names(),
            "author.avatarThumb": links("https://p16.tiktokcdn.com/{id}.jpeg"),
            "desc": texts("en"),
            "createTime": [str(1566223402 + at * 61) for at in range(_ROWS)],
            "video.cover": links("https://p16-sign.tiktokcdn.com/obj/{id}"),
            "video.duration": counts(3),
            "stats.diggCount": counts(),
            "stats.shareCount": counts(3),
            "stats.commentCount": counts(2),
            "stats.playCount": counts(91),
        },
        {
            "post_id": "id",
            "account_id": "author.uniqueId",
            "account_name": "author.nickname",
            "text": "desc",
            "posted_at": "createTime",
            "media": "video.cover",
            "engagement.likes": "stats.diggCount",
            "engagement.shares": "stats.shareCount",
            "engagement.comments": "stats.commentCount",
            "engagement.views": "stats.playCount",
        },
        platform="tiktok",
        never=("author.avatarThumb", "video.duration"),
    ),
    Table(
        "Türkçe gönderi tablosu",
        {
            "Gönderi ID": numbers(1163000000000000101),
            "Kullanıcı adı": handles(),
            "Gönderi metni": texts("tr"),
            "Tarih": times("{day}.08.2019 {hour:02}:{minute:02}"),
            "Görsel": links("gorseller/{id}.png"),
            "Beğeni sayısı": counts(),
            "Yorum sayısı": counts(3),
        },
        {
            "post_id": "Gönderi ID",
            "account_id": "Kullanıcı adı",
            "text": "Gönderi metni",
            "posted_at": "Tarih",
            "media": "Görsel",
            "engagement.likes": "Beğeni sayısı",
            "engagement.comments": "Yorum sayısı",
        },
    ),
    Table(
        "a coder's sheet with a reply column and other ids",
        {
            "coder": _cells("AB", "CD"),
            "status_id": numbers(1163000000000000101),
            "user_id": numbers(919755200000000001, 0),
            "in_reply_to_status_id": numbers(1162000000000000101),
            "retweeted_status_id": _cells("", "1161000000000000101"),
            "conversation_id": numbers(1163000000000000101),
            "full_text": texts("en"),
            "created_at": times("Tue Aug {day:02} {hour:02}:{minute:02}:22 +0000 2019"),
            "user_description": texts("en"),
            "media_type": _cells("photo", "video"),
            "favorite_count": counts(),
            "reply_count": counts(2),
        },
        {
            "post_id": "status_id",
            "account_id": "user_id",
            "repost_of": "retweeted_status_id",
            "text": "full_text",
            "posted_at": "created_at",
            "engagement.likes": "favorite_count",
            "engagement.replies": "reply_count",
        },
        platform="twitter",
        never=("in_reply_to_status_id", "conversation_id", "user_description", "media_type"),
    ),
    Table(
        "جدول المنشورات",
        {
            "رابط المنشور": links("https://www.facebook.com/invented/posts/{id}", 330000),
            "اسم الصفحة": names(),
            "نص المنشور": texts("ar"),
            "تاريخ النشر": times("2019/08/{day:02} {hour:02}:{minute:02}"),
            "الإعجابات": counts(),
            "التعليقات": counts(3),
            "المشاركات": counts(2),
        },
        {
            "post_id": "رابط المنشور",
            "account_name": "اسم الصفحة",
            "text": "نص المنشور",
            "posted_at": "تاريخ النشر",
            "engagement.likes": "الإعجابات",
            "engagement.comments": "التعليقات",
            "engagement.shares": "المشاركات",
        },
        kind="page",
    ),
    Table(
        "投稿の一覧",
        {
            "投稿URL": links("https://x.com/lin_invented/status/{id}"),
            "ユーザー名": handles(),
            "表示名": names(),
            "本文": texts("ja"),
            "投稿日時": times("2019/08/{day:02} {hour:02}:{minute:02}:22"),
            "画像URL": links("https://pbs.twimg.com/media/F{at}aBcDe?format=jpg&name=large"),
            "いいね数": counts(),
            "リポスト数": counts(3),
        },
        {
            "post_id": "投稿URL",
            "account_id": "ユーザー名",
            "account_name": "表示名",
            "text": "本文",
            "posted_at": "投稿日時",
            "media": "画像URL",
            "engagement.likes": "いいね数",
            "engagement.reposts": "リポスト数",
        },
    ),
)
