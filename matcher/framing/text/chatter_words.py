"""Lists of chatter (small talk): greetings, exclamations, thanks, calls to share, names of media.

These words are not in the usual stopword lists, but carry no information about a subject. They were
chosen by hand and evaluated for English, Spanish, Russian, Arabic, Chinese and Thai; a few are from
other languages. Phrases are split into words, none of which is informative by itself.
"""

__all__ = ["CHATTER", "CHATTER_RUNS", "INFORMATIVE_WORDS", "PARTICLES", "WEAK_CHARACTERS"]

CHATTER = """
    afternoon agree amazing amen amp awesome awful beautiful birthday breaking bro btw caption cc
    channel check christmas click comment congrats congratulations cool crazy credit cute damn day
    dear dude epic evening everybody exclusive fave folks follow following friend friends fun funny
    fyi gif gm goodnight gonna gotta gt guys haha happy headline hehe hello hey hi hope image images
    imo incredible interesting joke just latest link live lmao lmfao lol looking lt merry mention
    moment morning nice night nsfw new news oh omfg omg ok opinion photo photograph photos pic pics
    picture pictures please pls plz post posted prayers repost retweet rip rofl rt sad share shared
    sharing shit shocking smh sorry source story stunning subscribe sure thank thankful thanks
    thought thoughts thread today tonight tomorrow true truth tweet unbelievable update upload video
    videos via view viral wait watch watching week weekend welcome wish wonderful word words wow wtf
    xd yay yeah year yep yesterday
    monday tuesday wednesday thursday friday saturday sunday
    facebook instagram tiktok twitter youtube

    abrazo abrazos ahora alerta amiga amigas amigo amigos ayer bonita bonitas bonito buen buena
    buenas bueno buenos cierto comparte compartan compartir comparto cumpleaños dale dia dias dios
    día días enlace excelente favor felices felicidades feliz foto fotografía fotos genial gracias
    guapa guau hermosa hermoso hilo hola hoy imagen imágenes increible increíble jaja jeje like
    likes linda lindo lunes mañana mira mirad mire miren muchas muchísimas navidad noche noches
    noticia noticias opinan opinas opinión palabras perfil publicación razón saludo saludos semana
    sigue síguenos sígueme tarde tardes tremendo triste urgente vean verdad vídeo vídeos última

    abonnez anniversaire bonjour bonne bonsoir incroyable merci partagez regardez vrai
    boa boas bom bons dia dias compartilhe compartilhem inacreditável noite obrigada obrigado olha
    parabéns verdade
    bitte danke eilmeldung guten morgen schön wahr
    buongiorno condividi grazie guarda vero
    bagikan benar kasih lihat malam pagi selamat terima
    günaydın paylaş teşekkürler

    аминь благодарю боже вау верить верно весело вечер вечера видео внимание вчера глянь господи год
    года годом день дня днем днём добрый доброе доброй друзья думаете думаешь жесть завтра здесь
    здорово здравствуйте класс классно комментарии комментарий красиво красота круто лайк лайки лол
    мнение молодец молодцы мысли новости новость новым ночи ночь ого оцените очень подписка
    подписывайся подписывайтесь поделись поделитесь подробнее подробности пожалуйста поздравляю
    посмотри посмотрите пост потрясающе правда привет прикол прикольно репост рождения сегодня скоро
    слов слова смотри смотрите согласен согласна спасибо спокойной срочно срочные ссылка ставьте
    точно трэш ужас ужасно утра утро утром факт фото фотография хорошего читайте шок

    اخبار خبر عاجل الان صباح مساء الخير النور شكرا جزيلا جميل جميلة رائع رائعة صحيح كلام تعليق
    رايكم رايك رأيكم رأيك شاهد شاهدوا انظر انظروا انشر انشروا شارك شاركوا تابع تابعني تابعوا تابعونا
    متابعة رابط الرابط صورة صور الصورة اليوم فيديو الفيديو واو الله الهي إلهي الحمد لله سبحان ماشاء
    السلام عليكم ورحمة وبركاته مرحبا اهلا أهلا عام وانتم وأنتم بخير سعيد سعيدة مبارك عيد ميلاد خير
    تصبحون جميعا الجميع أصدق اصدق فضلك فضلكم لايك اشتراك اشترك ريتويت تغريدة المزيد هنا جدا حقا
    امين آمين
"""

# Cut out of text that is written without spaces.
CHATTER_RUNS = """
    突发 新闻 快讯 重磅 最新 消息 头条 刚刚 视频 图片 照片 看图 图文 链接
    转发 转载 转推 分享 扩散 点赞 赞一个 关注 收藏 评论 订阅 求转
    早上好 早安 晚安 晚上好 中午好 下午好 你好 您好 大家好 朋友们 朋友 各位
    谢谢 感谢 多谢 辛苦 加油 支持 新年 快乐 生日 节日 恭喜 祝福 祝你 祝大家
    哈哈 呵呵 嘿嘿 嘻嘻 哇塞 哇噻 天哪 天啊 我的天 厉害 牛逼 太棒 真棒 很棒 好看 漂亮 美丽
    太美 真美 好美 说得对 说的对 说得好 说得太对 没错 同意 赞同 真的 真是 太真实
    不敢相信 难以置信 无语 震惊 惊呆 可怕 可爱 怎么看 怎么说
    大家 快看 快来看 来看 看看 看这个 一下 今天 昨天 明天 今日 周末 早晨
    网友 微博 推特 脸书 推文 帖子 没有 已经 一只 一名 一位

    สวัสดี ครับผม ครับ ค่ะ นะคะ นะครับ จ้า จ้ะ ขอบคุณ ขอบใจ ข่าวด่วน ข่าว ด่วน ว้าว สุดยอด
    เยี่ยม ไปเลย จริงที่สุด จริงๆ จริง ตอนเช้า อรุณสวัสดิ์ ราตรีสวัสดิ์ ดูนี่ ดูคลิป คลิปนี้ คลิป
    วิดีโอ ฝากแชร์ แชร์ต่อ แชร์ ฝากติดตาม ติดตาม กดไลค์ ไลค์ ปีใหม่ สุขสันต์ วันเกิด ทุกคน ทุกท่าน
    เพื่อนๆ เพื่อน สวยมาก สวย น่ารัก ไม่น่าเชื่อ เห็นด้วย คิดว่าไง คิดยังไง สู้ๆ ฮ่าๆ ฮ่า โอ้โห
    อิอิ ดีมาก มากๆ กำลังใจ วันนี้ พรุ่งนี้ เมื่อวาน ช่วย กันหน่อย หน่อย ด้วย แล้ว

    おはよう ございます ありがとう こんにちは こんばんは すごい かわいい きれい おめでとう 速報
    拡散 希望 動画 写真 本当 みて 見て ください フォロー いいね
"""

# Chinese function characters. Particles are hardly ever part of another word and are cut out; weak
# characters often are part of one, so they stay, but count as no information.
PARTICLES = "的了是吗呢吧啊呀哦嘛我你他她它们这那也很谁又把被着"
WEAK_CHARACTERS = "在从将和或而但并有不没都就太真好来去过看说还让跟与及哪哈呵嘿"

# Function words of one language that are informative words in English, the most common language
# with Latin letters: German `war` means `was`, French `car` means `because`.
INFORMATIVE_WORDS = """
    bat care cat dock door fire god hat hit local male multiple rare reeds sale saber sea store
    suit tan total unique van wake war
"""
